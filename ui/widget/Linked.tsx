// A text with its links: fetched with the first text that may hold one.

import { paragraphs, type Piece } from "../links";

export function Linked({ value }: { value: string }) {
  const part = (piece: Piece) =>
    piece.href ? (
      <a href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
        {piece.text}
      </a>
    ) : (
      piece.text
    );
  const line = (content: Piece[]) => (
    <span class="paragraph" dir="auto">
      {content.map(part)}
    </span>
  );
  return <p dir="auto">{paragraphs(value).map(line)}</p>;
}
