// A librarian's answer with bold words, named links or lists: fetched with the first one that may hold them.

import { blocks, type Run } from "../formatting";
import { pieces } from "../links";

const LIST = { margin: 0, paddingInlineStart: "1.4em" };

function Link({ href, text }: { href: string; text: string }) {
  return (
    <a href={href} title={href} target="_blank" rel="noopener noreferrer nofollow">
      {text}
    </a>
  );
}

const words = (text: string) => pieces(text).map((piece) => (piece.href ? <Link href={piece.href} text={piece.text} /> : piece.text));

function run({ text, bold, href }: Run) {
  if (bold) return <strong>{words(text)}</strong>;
  if (!href) return words(text);
  return (
    <>
      <Link href={href} text={text} /> <bdi>({new URL(href).host})</bdi>
    </>
  );
}

export function Marked({ value }: { value: string }) {
  const shown = blocks(value).map(({ kind, lines, first }) => {
    if (kind === "paragraph") {
      const line = (content: Run[]) => (
        <span class="paragraph" dir="auto">
          {content.map(run)}
        </span>
      );
      return <p dir="auto">{lines.map(line)}</p>;
    }
    const items = lines.map((content) => <li dir="auto">{content.map(run)}</li>);
    return kind === "bullets" ? (
      <ul style={LIST}>{items}</ul>
    ) : (
      <ol style={LIST} start={first}>
        {items}
      </ol>
    );
  });
  return <div>{shown}</div>;
}
