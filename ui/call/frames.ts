// What the page and the desk say to each other: bridge/calls/frames.py.
export type Kind = "voice" | "video" | "patron-screen" | "librarian-screen";
export type Side = "patron" | "librarian";

export interface IceServer {
  urls: string[];
  username: string;
  credential: string;
}

export interface Offered {
  t: "offered";
  library: string;
  librarian: string;
  language: string;
  accent: string;
  kinds: Kind[];
  until: number;
  now: number;
}

export interface Inside {
  t: "inside";
  token: string;
  side: Side;
  name: string;
  library: string;
  language: string;
  accent: string;
  kinds: Kind[];
  servers: IceServer[];
  relay_only: boolean;
  files: boolean;
}

export type Told =
  | Offered
  | Inside
  | { t: "here"; here: boolean }
  | { t: "signal"; text: string }
  | { t: "using"; kinds?: Kind[] }
  | { t: "ice"; servers?: IceServer[] }
  | { t: "over"; reason: "over" | "used" | "elsewhere" | "busy" };

export type Said =
  | { t: "enter"; token: string }
  | { t: "accept" }
  | { t: "refuse" }
  | { t: "signal"; text: string }
  | { t: "using"; kinds: Kind[] }
  | { t: "ice" }
  | { t: "end" };
