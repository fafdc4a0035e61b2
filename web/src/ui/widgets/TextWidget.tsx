import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { changeWeight, completions, type Completion } from '../../model/prompt_text';
import { useModels } from '../../state/models';
import type { WidgetProps } from './props';


interface TextProps extends WidgetProps<string> {
  multiline: boolean;
  /** A prompt: weights and completion. */
  prompt: boolean;
  placeholder?: string;
}

export function TextWidget(props: TextProps) {
  return props.multiline ? <TextArea {...props} /> : <TextLine {...props} />;
}

function TextLine({ label, value, onChange, onEnd, ...rest }: TextProps) {
  return (
    <label className="widget text nodrag" data-invalid={rest.invalid ? '' : undefined}>
      <span className="widget-label">{label}</span>
      <input
        type="text"
        aria-label={rest.name}
        aria-invalid={rest.invalid ? true : undefined}
        title={rest.tooltip}
        disabled={rest.disabled}
        spellCheck={false}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onBlur={onEnd}
      />
    </label>
  );
}

function TextArea({ value, onChange, onEnd, ...rest }: TextProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const cursor = useRef<[number, number] | null>(null);
  const [at, setAt] = useState(-1);
  const found = useCompletions(rest.prompt && at >= 0 ? value : '', at);

  // React puts the cursor at the end of a text that was changed by code.
  useEffect(() => {
    if (cursor.current) area.current?.setSelectionRange(...cursor.current);
    cursor.current = null;
  }, [value]);

  const complete = ({ start, end, insert }: Completion): void => {
    const after = start + insert.length;
    cursor.current = [after, after];
    setAt(-1);
    onChange(value.slice(0, start) + insert + value.slice(end));
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    if (event.nativeEvent.isComposing) return;
    const first = found[0];
    if (first && event.key === 'Tab') {
      event.preventDefault();
      return complete(first);
    }
    if (found.length > 0 && event.key === 'Escape') {
      event.stopPropagation();
      return setAt(-1);
    }
    const isWeight = rest.prompt && (event.ctrlKey || event.metaKey) && (event.key === 'ArrowUp' || event.key === 'ArrowDown');
    if (!isWeight) return;
    event.preventDefault();
    const { selectionStart: start, selectionEnd: end } = event.currentTarget;
    const next = changeWeight(value, start, end, event.key === 'ArrowUp' ? WEIGHT_STEP : -WEIGHT_STEP);
    if (next.text === value) return;
    cursor.current = [next.start, next.end];
    onChange(next.text);
  };

  return (
    <div className="widget area nodrag nowheel" data-invalid={rest.invalid ? '' : undefined}>
      <textarea
        ref={area}
        dir="auto"
        aria-label={rest.name}
        aria-invalid={rest.invalid ? true : undefined}
        placeholder={rest.placeholder || rest.label}
        title={rest.tooltip}
        disabled={rest.disabled}
        spellCheck={false}
        value={value}
        onChange={(event) => {
          setAt(event.target.selectionStart);
          onChange(event.target.value);
        }}
        onBlur={() => {
          setAt(-1);
          onEnd();
        }}
        onKeyDown={onKeyDown}
      />
      {found.length > 0 && (
        <ul className="completion" aria-label="Completions (Tab takes the first)">
          {found.map((one) => (
            <li key={one.label}>
              <button type="button" tabIndex={-1} onMouseDown={(event) => event.preventDefault()} onClick={() => complete(one)}>
                {one.label}
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

const WEIGHT_STEP = 0.05;
const plain = (name: string): string => name.replace(/\.(safetensors|ckpt|pt|bin)$/, '');

function useCompletions(text: string, at: number): Completion[] {
  const { models, embeddings } = useModels();
  const loras = models.filter(({ kind }) => kind === 'loras').map(({ name }) => plain(name));
  return completions(text, at, { embeddings: embeddings.map(plain), loras }).slice(0, 8);
}
