import { useMemo, useState } from 'react';
import { familyOf, useModels } from '../../state/models';
import { Listbox } from '../Listbox';
import { Popover } from '../Popover';
import type { WidgetProps } from './props';

/** A field that opens a list; with a search line where the list is long. */
export function ChoiceWidget({ label, value, onChange, onEnd, choices, ...rest }: WidgetProps<string> & { choices: string[] }) {
  const [anchor, setAnchor] = useState<DOMRect | null>(null);
  const models = useModels((state) => state.models);
  const family = familyOf(models, value);
  // Nothing chosen is no mistake of its own: the server says where a choice is needed.
  const missing = value !== '' && !choices.includes(value);
  const items = useMemo(
    () => choices.map((choice) => ({ id: choice, label: choice, hint: familyOf(models, choice) })),
    [choices, models],
  );
  return (
    <div className="widget choice nodrag" data-invalid={rest.invalid || missing ? '' : undefined}>
      <span className="widget-label">{label}</span>
      <button
        type="button"
        className="choice-value"
        role="combobox"
        aria-label={rest.name}
        aria-haspopup="listbox"
        aria-expanded={anchor !== null}
        aria-invalid={rest.invalid || missing ? true : undefined}
        title={missing ? `${value || 'nothing'}: not among the choices` : family ? `${value} (${family})` : (rest.tooltip ?? value)}
        disabled={rest.disabled}
        onClick={(event) => setAnchor(event.currentTarget.getBoundingClientRect())}
      >
        <span>{value || 'none'}</span>
      </button>
      {anchor && (
        <Popover at={{ x: anchor.left, y: anchor.bottom + 2 }} width={Math.max(220, anchor.width)} label={rest.name} onClose={() => setAnchor(null)}>
          <Listbox
            label={rest.name}
            items={items}
            initial={value}
            search={choices.length > 12}
            onPick={(id) => {
              setAnchor(null);
              if (id !== value) onChange(id);
              onEnd();
            }}
          />
        </Popover>
      )}
    </div>
  );
}
