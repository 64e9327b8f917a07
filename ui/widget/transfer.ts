// Files on their way: up with the token or seed of who began, down with the token and the file's proof.

import type { Chat } from "./chat";
import type { FileRef } from "./frames";

/** Send a file; its reference, or the code of why it was not taken. */
export async function upload(chat: Chat, file: File, most: number): Promise<FileRef | string> {
  if (file.size > most) return "file-too-large";
  const who = chat.identify();
  try {
    const answer = await fetch(chat.at("files"), {
      method: "POST",
      body: file,
      credentials: "omit",
      headers: { ...chat.headers, "X-File-Name": encodeURIComponent(file.name), "X-Seed": who.seed ?? "" },
    });
    const told = (await answer.json()) as { file?: FileRef; token?: string; frames?: { code: string }[] };
    if (!chat.isStill(who)) return "file"; // it is bound to who began
    if (told.token) chat.adopt(told.token);
    return told.file ?? told.frames?.[0]?.code ?? "busy";
  } catch {
    return "busy";
  }
}

/** Fetch a file of this conversation; null when it is gone, "" when it does not come just now. */
export async function fetchFile(chat: Chat, file: FileRef): Promise<Blob | "" | null> {
  try {
    const headers = { ...chat.headers, "X-Proof": file.proof ?? "" };
    const answer = await fetch(chat.at(`files/${file.digest}`), { credentials: "omit", headers });
    if (!answer.ok) return answer.status === 404 || answer.status === 403 ? null : "";
    return new Blob([await answer.arrayBuffer()], { type: file.media_type });
  } catch {
    return "";
  }
}
