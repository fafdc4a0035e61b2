import { useMemo, useState } from 'react';
import { previewUrl, type ModelFile } from '../../net/files';
import { modelOf, modelsByChoice, useModels } from '../../state/models';
import { Listbox, type ListItem } from '../Listbox';
import { Popover } from '../Popover';
import type { WidgetProps } from './props';

interface ChoiceProps extends WidgetProps<string> {
  choices: string[];
  /** The address of a small picture of a choice. */
  pictureOf?: (choice: string) => string;
}

/** A field that opens a list; with a search line where the list is long. */
export function ChoiceWidget({ label, value, onChange, onEnd, choices, pictureOf, ...rest }: ChoiceProps) {
  const [anchor, setAnchor] = useState<DOMRect | null>(null);
  const models = useModels((state) => state.models);
  const family = modelOf(models, choices, value)?.family;
  // Nothing chosen is no mistake of its own: the server says where a choice is needed.
  const missing = value !== '' && !choices.includes(value);
  // Made when the list opens: there may be thousands of choices.
  const items = useMemo(() => {
    if (!anchor) return [];
    const known = modelsByChoice(models, choices);
    return choices.map((choice) => itemOf(choice, known.get(choice), pictureOf));
  }, [anchor, choices, models, pictureOf]);
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

function itemOf(choice: string, model: ModelFile | undefined, pictureOf?: (choice: string) => string): ListItem {
  return { id: choice, label: choice, hint: model?.family, picture: pictureOf?.(choice) ?? previewUrl(model) };
}
