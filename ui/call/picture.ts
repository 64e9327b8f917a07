// A picture of what is on screen, with a ring that shows where: it is asked before it goes into the conversation.
import { el, say } from "./elements";
import { t } from "./words";

const WIDEST = 1600;
const STEP = 0.02;

/** Show a still of `video`, let a ring be set on it, and send it. True once it was sent, false when it was not to be. */
export function takePicture(video: HTMLVideoElement, pass: string, other: string): Promise<boolean> {
  const scale = Math.min(1, WIDEST / video.videoWidth);
  const width = Math.round(video.videoWidth * scale);
  const height = Math.round(video.videoHeight * scale);
  const still = new OffscreenCanvas(width, height);
  still.getContext("2d")?.drawImage(video, 0, 0, width, height);
  const canvas = el("canvas", { tabindex: "0", role: "img", "aria-label": t("picture.keys"), width: String(width), height: String(height) });
  let at: [number, number] | undefined;
  let size = 0.08;

  const draw = () => {
    const pen = canvas.getContext("2d");
    pen?.drawImage(still, 0, 0);
    if (!pen || !at) return;
    pen.beginPath();
    pen.ellipse(at[0] * width, at[1] * height, size * width, size * width * 0.6, 0, 0, 2 * Math.PI);
    // Two strokes, so that it is seen on dark and on light.
    for (const [colour, thick] of [["#fff", 10], ["#c2185b", 6]] as const) {
      pen.strokeStyle = colour;
      pen.lineWidth = (thick * width) / 1000;
      pen.stroke();
    }
  };
  const point = (event: PointerEvent) => {
    const box = canvas.getBoundingClientRect();
    at = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    draw();
  };
  canvas.addEventListener("pointerdown", point);
  canvas.addEventListener("pointermove", (event) => { if (event.buttons) point(event); });
  canvas.addEventListener("keydown", (event) => {
    const [x, y] = at ?? [0.5, 0.5];
    const to: Record<string, [number, number]> = { ArrowLeft: [x - STEP, y], ArrowRight: [x + STEP, y], ArrowUp: [x, y - STEP], ArrowDown: [x, y + STEP] };
    if (event.key === "+" || event.key === "-") size = Math.min(0.4, Math.max(0.02, size * (event.key === "+" ? 1.2 : 1 / 1.2)));
    else if (!to[event.key]) return;
    at = (to[event.key] ?? [x, y]).map((part) => Math.min(1, Math.max(0, part))) as [number, number];
    event.preventDefault();
    draw();
  });
  draw();

  return new Promise((resolve) => {
    const problem = el("p", { role: "alert", class: "problem", hidden: true });
    const end = (sent: boolean) => {
      dialog.close();
      dialog.remove();
      resolve(sent);
    };
    const send = el("button", { class: "main" }, t("picture.send"));
    send.addEventListener("click", () => {
      send.disabled = true;
      void sendPicture(canvas, pass).then((sent) => {
        send.disabled = false;
        problem.hidden = sent;
        if (sent) end(true);
        else say(problem, t("picture.failed"));
      });
    });
    const dialog = el(
      "dialog",
      { "aria-labelledby": "picture-title", cancel: () => end(false) },
      el("h2", { id: "picture-title" }, t("picture.title")),
      el("p", {}, t("picture.lead", { name: other })),
      canvas,
      problem,
      el("p", { class: "buttons" }, send, el("button", { click: () => end(false) }, t("picture.cancel"))),
    );
    document.body.append(dialog);
    dialog.showModal();
    canvas.focus();
  });
}

async function sendPicture(canvas: HTMLCanvasElement, pass: string): Promise<boolean> {
  const body = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  try {
    const answer = await fetch("/call/picture", { method: "POST", body, headers: { Authorization: `Bearer ${pass}`, "Content-Type": "image/png" } });
    return answer.ok;
  } catch {
    return false;
  }
}
