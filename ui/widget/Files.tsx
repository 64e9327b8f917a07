// Files: what is chosen to be sent, and what came. Pictures are shown small; everything is handed over as a download.
//
// The rules: a small picture is made in this page, from bytes that came with the chat's token, and only of types that the desk saw in
// the bytes. The browser decodes it once into a small bitmap; what it can't decode stays a name. A big picture waits for a press.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Chat } from "./chat";
import { fetchFile, upload } from "./transfer";
import type { FileRef } from "./frames";
import { t } from "./words";

export { upload };

const WIDE_PX = 192;
const HIGH_PX = 160;
const AT_ONCE = 3_000_000; // bytes of a picture that is shown without being asked for

const isPicture = (file: FileRef) => /^image\/(png|jpeg|gif|webp)$/.test(file.media_type) && file.size <= AT_ONCE;

/** Draw a picture small into `canvas`; false where the browser can't. */
async function paint(canvas: HTMLCanvasElement, picture: Blob): Promise<boolean> {
  try {
    const whole = await createImageBitmap(picture);
    const scale = Math.min(1, WIDE_PX / whole.width, HIGH_PX / whole.height);
    const fine = Math.min(2, devicePixelRatio, 1 / scale); // dots of the screen to a pixel of the page
    canvas.style.width = `${String(Math.max(1, Math.round(whole.width * scale)))}px`;
    canvas.width = Math.max(1, Math.round(whole.width * scale * fine));
    canvas.height = Math.max(1, Math.round(whole.height * scale * fine));
    canvas.getContext("2d")?.drawImage(whole, 0, 0, canvas.width, canvas.height);
    whole.close();
    return true;
  } catch {
    return false;
  }
}

/** A file of the conversation: a press hands it over. */
export function File({ file, chat }: { file: FileRef; chat: Chat }) {
  const [gone, setGone] = useState(false);
  const [missed, setMissed] = useState(false);
  const [small, setSmall] = useState(false);
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (!isPicture(file)) return;
    void fetchFile(chat, file).then(async (bytes) => bytes && canvas.current && setSmall(await paint(canvas.current, bytes)));
  }, [file.digest]);
  const open = async () => {
    setMissed(false);
    const bytes = await fetchFile(chat, file);
    setGone(bytes === null);
    setMissed(bytes === "");
    if (!bytes) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(bytes);
    link.download = file.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  };
  if (gone) return <p>{`${file.name}: ${t("gone")}`}</p>;
  return (
    <>
      <button type="button" class={small ? "file picture" : "file"} onClick={() => void open()} aria-label={t("download", { name: file.name })}>
        <canvas ref={canvas} hidden={!small} aria-hidden="true" />
        <span class="name">
          <span aria-hidden="true">↓ </span>
          <bdi>{file.name}</bdi>
        </span>
      </button>
      {missed && <p class="state bad">{t("unfetched")}</p>}
    </>
  );
}

/** What is chosen for the next message. */
export function Chosen({ files, drop }: { files: FileRef[]; drop: (at: number) => void }) {
  return (
    <ul class="files">
      {files.map((file, at) => (
        <li>
          <bdi>{file.name}</bdi>
          <button type="button" aria-label={t("remove", { name: file.name })} onClick={() => drop(at)}>
            ×
          </button>
        </li>
      ))}
    </ul>
  );
}
