import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent } from 'react';

export interface ListItem {
  id: string;
  label: string;
  hint?: string;
  /** The address of a small picture of it. */
  picture?: string;
  disabled?: boolean;
}

interface ListboxProps {
  label: string;
  items: ListItem[];
  initial?: string;
  search: boolean;
  placeholder?: string;
  /** `again`: Ctrl+Enter, to pick and stay. */
  onPick(id: string, again: boolean): void;
  /** Where the order of matches is decided elsewhere. */
  filter?: (query: string) => ListItem[];
}

const MOST_SHOWN = 200;

function matches(items: ListItem[], query: string): ListItem[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return items.filter(({ label }) => words.every((word) => label.toLowerCase().includes(word)));
}

/** A list to choose from by typing, arrows and Enter. */
export function Listbox({ label, items, initial, search, placeholder, onPick, filter }: ListboxProps) {
  const [query, setQuery] = useState('');
  const shown = useMemo(() => (filter ? filter(query) : matches(items, query)).slice(0, MOST_SHOWN), [items, query, filter]);
  const [at, setAt] = useState(() => Math.max(0, items.findIndex(({ id }) => id === initial)));
  const list = useRef<HTMLUListElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const id = useId();

  useEffect(() => (search ? field.current?.focus() : list.current?.focus()), [search]);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [at, shown]);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setAt(Math.max(0, Math.min(shown.length - 1, at + step)));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      event.stopPropagation();
      const item = shown[at];
      if (item && !item.disabled) onPick(item.id, event.ctrlKey || event.metaKey);
    }
  };

  return (
    <div className="listbox" onKeyDown={onKeyDown}>
      {search && (
        <input
          ref={field}
          type="text"
          role="combobox"
          aria-label={`Search: ${label}`}
          aria-expanded="true"
          aria-controls={id}
          aria-activedescendant={shown[at] ? `${id}-${at}` : undefined}
          placeholder={placeholder ?? 'Search'}
          spellCheck={false}
          value={query}
          onChange={(event) => {
            setQuery(event.target.value);
            setAt(0);
          }}
        />
      )}
      <ul
        ref={list}
        id={id}
        role="listbox"
        aria-label={label}
        tabIndex={search ? -1 : 0}
        aria-activedescendant={shown[at] ? `${id}-${at}` : undefined}
      >
        {shown.map((item, index) => (
          <li
            key={item.id}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === at}
            aria-disabled={item.disabled}
            onPointerMove={() => index !== at && setAt(index)}
            onClick={(event) => !item.disabled && onPick(item.id, event.ctrlKey || event.metaKey)}
          >
            {item.picture && <img src={item.picture} alt="" loading="lazy" decoding="async" />}
            <span>{item.label}</span>
            {item.hint && <small>{item.hint}</small>}
          </li>
        ))}
      </ul>
      {shown.length === 0 && <p className="empty" role="status">Nothing found.</p>}
    </div>
  );
}
