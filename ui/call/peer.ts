// The way between the two browsers, by "perfect negotiation" (W3C WebRTC 10.7): both may begin, and the patron's side gives way.
//
// Each kind of media has a stream of its own, and its id is told beforehand: so the other side knows a screen from a face. What one
// side takes away, the other sees go. A way that fails is sought again, with a fresh password of the TURN server.
import type { IceServer } from "./frames";

export type Media = "voice" | "video" | "screen";

interface Signal {
  description?: RTCSessionDescriptionInit | null;
  candidate?: RTCIceCandidateInit | null;
  streams?: Record<string, Media>;
}

interface Ears {
  send(text: string): void;
  /** What the other side shows or says has changed. */
  changed(): void;
  /** The way stands, or does not. */
  connected(yes: boolean): void;
  /** Ask for another password. */
  refresh(): void;
}

export class Peer {
  readonly theirs = new Map<Media, MediaStream>();
  private pc: RTCPeerConnection | undefined;
  private making = false;
  private ignoring = false;
  private named: Record<string, Media> = {};
  private readonly ours = new Map<Media, MediaStream>();
  private readonly senders = new Map<Media, RTCRtpSender[]>();

  constructor(
    private servers: IceServer[],
    private readonly relayOnly: boolean,
    private readonly polite: boolean,
    private readonly ears: Ears,
  ) {}

  /** The other side is there, perhaps in a new window: begin afresh. */
  begin(): void {
    this.close();
    const pc = new RTCPeerConnection({ iceServers: this.servers, iceTransportPolicy: this.relayOnly ? "relay" : "all" });
    this.pc = pc;
    pc.onnegotiationneeded = () => void this.propose(pc);
    pc.onicecandidate = ({ candidate }) => this.send({ candidate: candidate?.toJSON() ?? null });
    pc.ontrack = ({ track, streams }) => this.heard(track, streams[0] ?? new MediaStream([track]));
    pc.onconnectionstatechange = () => {
      if (this.pc !== pc) return;
      this.ears.connected(pc.connectionState === "connected");
      if (pc.connectionState === "failed") this.ears.refresh();
    };
    for (const [media, stream] of this.ours) this.add(media, stream);
  }

  close(): void {
    this.pc?.close();
    this.pc = undefined;
    this.making = this.ignoring = false;
    this.senders.clear();
    this.theirs.clear();
    this.named = {};
    this.ears.connected(false);
    this.ears.changed();
  }

  /** Show or say something, from now on. */
  show(media: Media, stream: MediaStream): void {
    this.ours.set(media, stream);
    if (this.pc) this.add(media, stream);
  }

  hide(media: Media): void {
    for (const track of this.ours.get(media)?.getTracks() ?? []) track.stop();
    this.ours.delete(media);
    for (const sender of this.senders.get(media) ?? []) this.pc?.removeTrack(sender);
    this.senders.delete(media);
  }

  shown(media: Media): MediaStream | undefined {
    return this.ours.get(media);
  }

  /** Seek the way again with these servers. */
  restart(servers: IceServer[]): void {
    this.servers = servers;
    this.pc?.setConfiguration({ iceServers: servers, iceTransportPolicy: this.relayOnly ? "relay" : "all" });
    this.pc?.restartIce();
  }

  async stats(): Promise<RTCStatsReport | undefined> {
    return this.pc?.getStats();
  }

  async hear(text: string): Promise<void> {
    const { description, candidate, streams } = JSON.parse(text) as Signal;
    if (!this.pc) this.begin();
    const pc = this.pc;
    if (!pc) return;
    if (streams) this.named = { ...this.named, ...streams };
    try {
      if (description) await this.described(pc, description);
      else if (candidate !== undefined && !this.ignoring) await pc.addIceCandidate(candidate ?? undefined);
    } catch (error) {
      // Words of a window that is gone meanwhile: what follows begins afresh.
      console.debug("a signal was not taken", (error as Error).name);
    }
  }

  private async described(pc: RTCPeerConnection, description: RTCSessionDescriptionInit): Promise<void> {
    const clash = description.type === "offer" && (this.making || pc.signalingState !== "stable");
    this.ignoring = !this.polite && clash;
    if (this.ignoring) return;
    await pc.setRemoteDescription(description);
    if (description.type !== "offer") return;
    await pc.setLocalDescription();
    this.send({ description: pc.localDescription });
  }

  private async propose(pc: RTCPeerConnection): Promise<void> {
    try {
      this.making = true;
      await pc.setLocalDescription();
      this.send({ description: pc.localDescription });
    } finally {
      this.making = false;
    }
  }

  private add(media: Media, stream: MediaStream): void {
    this.send({ streams: { [stream.id]: media } });
    this.senders.set(media, stream.getTracks().flatMap((track) => (this.pc ? [this.pc.addTrack(track, stream)] : [])));
  }

  private heard(track: MediaStreamTrack, stream: MediaStream): void {
    const media = this.named[stream.id] ?? (track.kind === "audio" ? "voice" : "video");
    this.theirs.set(media, stream);
    stream.onremovetrack = () => {
      if (stream.getTracks().length) return;
      if (this.theirs.get(media) === stream) this.theirs.delete(media);
      this.ears.changed();
    };
    this.ears.changed();
  }

  private send(signal: Signal): void {
    this.ears.send(JSON.stringify(signal));
  }
}
