import type { ReactNode } from 'react';

// A little Markdown, made of elements only: headings, lists, emphasis, code and links to the web. Nothing in a text is
// ever taken for HTML.

export function Markdown({ text }: { text: string }) {
  const blocks: ReactNode[] = [];
  let list: ReactNode[] = [];
  const endList = (): void => {
    if (list.length > 0) blocks.push(<ul key={blocks.length}>{list}</ul>);
    list = [];
  };
  for (const line of text.split('\n')) {
    const item = /^\s*[-*]\s+(.*)/.exec(line);
    if (item) {
      list.push(<li key={list.length}>{inline(item[1] ?? '')}</li>);
      continue;
    }
    endList();
    const heading = /^(#{1,4})\s+(.*)/.exec(line);
    if (heading) blocks.push(<strong key={blocks.length} className="heading">{inline(heading[2] ?? '')}</strong>);
    else if (line.trim() !== '') blocks.push(<p key={blocks.length}>{inline(line)}</p>);
  }
  endList();
  return <div className="markdown" dir="auto">{blocks}</div>;
}

const INLINE = /\*\*([^*]+)\*\*|\*([^*]+)\*|`([^`]+)`|\[([^\]]+)\]\((https?:\/\/[^\s)]+)\)/g;

function inline(text: string): ReactNode[] {
  const parts: ReactNode[] = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    parts.push(text.slice(at, match.index));
    const [, bold, italic, code, label, url] = match;
    const key = match.index;
    if (bold) parts.push(<b key={key}>{bold}</b>);
    else if (italic) parts.push(<i key={key}>{italic}</i>);
    else if (code) parts.push(<code key={key}>{code}</code>);
    else parts.push(<span key={key} title={url}>{label} ({url})</span>);
    at = match.index + match[0].length;
  }
  parts.push(text.slice(at));
  return parts;
}
