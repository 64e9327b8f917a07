// Inside a call: both sides' pictures and voices, the switches for one's own, and the words for what goes out.
import { el, say } from "./elements";
import type { Inside, Kind, Told } from "./frames";
import type { Line } from "./line";
import { type Media, Peer } from "./peer";
import { t } from "./words";

const MEDIA: readonly Media[] = ["voice", "video", "screen"];
const GONE_MS = 25_000; // the other side is away for so long: the call is over

const can = (media: Media) => (media === "screen" ? Boolean(navigator.mediaDevices?.getDisplayMedia) : Boolean(navigator.mediaDevices?.getUserMedia));

function ask(media: Media): Promise<MediaStream> {
  if (media === "screen") return navigator.mediaDevices.getDisplayMedia({ video: true, audio: false });
  return navigator.mediaDevices.getUserMedia(media === "voice" ? { audio: true } : { video: { width: { ideal: 1280 } } });
}

export class Room {
  readonly title: string;
  readonly view: HTMLElement;
  private readonly peer: Peer;
  private readonly other: string;
  private readonly status = el("p", { role: "status", class: "status" });
  private readonly mine = el("p", { class: "goes" });
  private readonly problem = el("p", { role: "alert", class: "problem", hidden: true });
  private readonly stage = el("div", { class: "stage" });
  private readonly sound = el("audio", { autoplay: true });
  private readonly listen = el("button", { class: "main", hidden: true, click: () => void this.sound.play().then(() => (this.listen.hidden = true)) });
  private readonly picture = el("button", { hidden: true, click: () => void this.snap() });
  private readonly switches = new Map<Media, HTMLButtonElement>();
  private readonly pictures = new Map<string, HTMLElement>();
  private here = false;
  private connected = false;
  private using: Kind[] = [];
  private goneTimer = 0;

  constructor(
    private readonly inside: Inside,
    private readonly line: Line,
  ) {
    this.other = inside.name || t(inside.side === "patron" ? "librarian" : "patron");
    this.title = t("with", { name: this.other });
    this.peer = new Peer(inside.servers, inside.relay_only, inside.side === "patron", {
      send: (text) => line.say({ t: "signal", text }),
      changed: () => this.draw(),
      connected: (yes) => {
        this.connected = yes;
        this.draw();
      },
      refresh: () => line.say({ t: "ice" }),
    });
    this.listen.textContent = t("listen");
    this.picture.textContent = t("picture");
    for (const media of MEDIA) {
      if (can(media)) this.switches.set(media, el("button", { "aria-pressed": "false", class: this.suggested(media) ? "main" : "", click: () => void this.turn(media) }));
    }
    const end = el("button", { class: "end", click: () => line.say({ t: "end" }) }, t("end"));
    this.view = el(
      "div",
      { class: "room" },
      this.status,
      this.mine,
      this.problem,
      this.stage,
      this.sound,
      el("div", { class: "buttons", role: "toolbar", "aria-label": t("tools") }, this.listen, ...this.switches.values(), this.picture, end),
      can("screen") ? "" : el("p", { class: "soft" }, t("noScreen")),
    );
    this.draw();
  }

  async hear(told: Told): Promise<void> {
    if (told.t === "signal") await this.peer.hear(told.text);
    else if (told.t === "ice") this.peer.restart(told.servers ?? []);
    else if (told.t === "using") this.using = told.kinds ?? [];
    else if (told.t === "here") this.came(told.here);
    this.draw();
  }

  /** The line to the desk broke, or is back: what the browsers say to each other goes on meanwhile. */
  away(): void {
    say(this.status, t("away"));
  }

  back(): void {
    this.patience();
    this.draw();
  }

  close(): void {
    clearTimeout(this.goneTimer);
    for (const media of MEDIA) this.peer.hide(media);
    this.peer.close();
  }

  stats(): Promise<RTCStatsReport | undefined> {
    return this.peer.stats();
  }

  private came(here: boolean): void {
    this.here = here;
    clearTimeout(this.goneTimer);
    if (!here) return this.patience(); // their line to the desk broke, or their window is gone: the way between us may still stand
    this.using = [];
    this.peer.begin();
    this.told();
  }

  /** End the call where the other side does not come back. */
  private patience(): void {
    clearTimeout(this.goneTimer);
    this.goneTimer = window.setTimeout(() => this.line.say({ t: "end" }), GONE_MS);
  }

  private suggested(media: Media): boolean {
    return this.inside.kinds.some((kind) => kind === media || kind === this.kind(media));
  }

  private kind(media: Media): Kind {
    return media === "screen" ? `${this.inside.side}-screen` : media;
  }

  private told(): void {
    this.line.say({ t: "using", kinds: MEDIA.filter((media) => this.peer.shown(media)).map((media) => this.kind(media)) });
  }

  private async turn(media: Media): Promise<void> {
    this.problem.hidden = true;
    if (this.peer.shown(media)) this.peer.hide(media);
    else {
      try {
        const stream = await ask(media);
        for (const track of stream.getTracks()) track.onended = () => this.stopped(media);
        this.peer.show(media, stream);
      } catch (error) {
        const name = (error as Error).name;
        this.problem.textContent = t(name === "NotFoundError" ? `missing.${media}` : name === "NotAllowedError" ? `denied.${media}` : `failed.${media}`);
        this.problem.hidden = false;
      }
    }
    this.told();
    this.draw();
  }

  /** Ended outside this page: by the browser's own "stop sharing", or a camera that was pulled out. */
  private stopped(media: Media): void {
    this.peer.hide(media);
    this.told();
    this.draw();
  }

  private draw(): void {
    const ours = MEDIA.filter((media) => this.peer.shown(media));
    for (const [media, button] of this.switches) {
      const on = ours.includes(media);
      button.setAttribute("aria-pressed", String(on));
      say(button, t(`${on ? "stop" : "start"}.${media}`));
    }
    const gets = (names: string[]) => names.map((name) => t(name)).join(", ");
    say(this.mine, ours.length ? t("goesOut", { name: this.other, what: gets(ours.map((media) => `out.${media}`)) }) : t("nothingOut", { name: this.other }));
    say(this.status, this.standing(gets));
    this.frames();
    const voice = this.peer.theirs.get("voice") ?? null;
    if (this.sound.srcObject !== voice) {
      this.sound.srcObject = voice;
      if (voice) this.sound.play().catch(() => (this.listen.hidden = false));
    }
    this.picture.hidden = !this.inside.files || this.pictures.size === 0;
  }

  private standing(gets: (names: string[]) => string): string {
    if (!this.here && !this.connected) return t("waiting", { name: this.other });
    if (!this.connected && (this.using.length || MEDIA.some((media) => this.peer.shown(media)))) return t("connecting", { name: this.other });
    if (!this.using.length) return t("comes.nothing", { name: this.other });
    return t("comes", { name: this.other, what: gets(this.using.map((kind) => `in.${kind.endsWith("screen") ? "screen" : kind}`)) });
  }

  /** The pictures of both sides; each says whose it is. */
  private frames(): void {
    const wanted = new Map<string, [MediaStream, string]>();
    for (const media of ["screen", "video"] as const) {
      const theirs = this.peer.theirs.get(media);
      const mine = this.peer.shown(media);
      if (theirs) wanted.set(`theirs ${media}`, [theirs, t(`theirs.${media}`, { name: this.other })]);
      if (mine) wanted.set(`mine ${media}`, [mine, t(`mine.${media}`)]);
    }
    for (const [key, figure] of this.pictures) {
      const stream = wanted.get(key)?.[0];
      if (figure.querySelector("video")?.srcObject === stream) wanted.delete(key);
      else {
        figure.remove();
        this.pictures.delete(key);
      }
    }
    for (const [key, [stream, words]] of wanted) {
      const video = el("video", { autoplay: true, playsinline: true, muted: true, "aria-label": words });
      video.muted = true;
      video.srcObject = stream;
      const figure = el("figure", { class: key }, video, el("figcaption", {}, words));
      this.pictures.set(key, figure);
      this.stage.append(figure);
    }
  }

  private async snap(): Promise<void> {
    const best = ["theirs screen", "mine screen", "theirs video", "mine video"].find((key) => this.pictures.has(key)) ?? "";
    const video = this.pictures.get(best)?.querySelector("video");
    if (!video?.videoWidth) return;
    const { takePicture } = await import("./picture");
    const sent = await takePicture(video, this.line.pass, this.other);
    if (sent) say(this.status, t("picture.sent"));
    this.picture.focus();
  }
}
