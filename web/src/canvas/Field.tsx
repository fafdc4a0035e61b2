import type { InputView } from '../model/sockets';
import { controlOf, CONTROLS, valueOf, type Control } from '../model/values';
import type { Json } from '../model/json';
import { ChoiceWidget } from '../ui/widgets/ChoiceWidget';
import { FileWidget } from '../ui/widgets/FileWidget';
import { NumberWidget } from '../ui/widgets/NumberWidget';
import { SwitchWidget } from '../ui/widgets/SwitchWidget';
import { TextWidget } from '../ui/widgets/TextWidget';
import { randomNumber } from '../model/seeds';
import { IconButton } from '../ui/icons';
import { openMaskPainter } from '../state/dialogs';
import type { NodeHere } from './context';
import { setControl, setValue } from './edit';

interface FieldProps {
  here: NodeHere;
  input: InputView;
  title: string;
  problem?: string;
  /** What may not be meant; it runs all the same. */
  warning?: string;
  /** Without thumbnails (the canvas shows the picture itself). */
  plain?: boolean;
}

/** The widget of an input, by its declaration. */
export function Field({ here, input, title, problem, warning, plain }: FieldProps) {
  const { node, definition, tab, graphId } = here;
  const widget = input.definition?.widget;
  if (!node || !definition || !widget) return null;
  const value = valueOf(node, definition, input.key) ?? null;
  const merge = `${node.id}/${input.key}`;
  const common = {
    label: input.label,
    name: `${title}: ${input.label}`,
    tooltip: problem ?? warning ?? input.definition?.tooltip,
    invalid: problem,
    disabled: input.link !== null,
    onChange: (next: Json) => setValue(tab, graphId, node.id, input.key, next, merge),
    onEnd: () => tab.editor.seal(),
  };

  switch (widget.kind) {
    case 'int':
    case 'float': {
      const control = controlOf(node, definition, input.key);
      const number = typeof value === 'number' || typeof value === 'bigint' ? value : Number(value) || 0;
      const field = <NumberWidget {...common} value={number} widget={widget} />;
      if (control === null) return field;
      return (
        <>
          {field}
          <div className="widget control nodrag">
            <span className="widget-label">after each run</span>
            <select
              aria-label={`${common.name}: after each run`}
              value={control}
              onChange={(event) => setControl(tab, graphId, node.id, input.key, event.target.value as Control)}
            >
              {CONTROLS.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
            <IconButton icon="retry" label={`${common.name}: new random number`} onClick={() => common.onChange(randomNumber(widget, Math.random))} />
          </div>
        </>
      );
    }
    case 'boolean':
      return <SwitchWidget {...common} value={value === true} labels={{ on: widget.labelOn, off: widget.labelOff }} />;
    case 'choice': {
      const choices = widget.choices.map(String);
      const text = value === null ? '' : String(value);
      if (widget.upload === null) return <ChoiceWidget {...common} value={text} choices={choices} />;
      const paint = widget.upload === 'image' ? () => openMaskPainter({ tab: tab.id, graph: graphId, node: node.id, input: input.key, value: text }) : undefined;
      return <FileWidget {...common} value={text} choices={choices} onPaintMask={paint} plain={plain} />;
    }
    case 'text':
      return (
        <TextWidget
          {...common}
          value={typeof value === 'string' ? value : value === null ? '' : String(value)}
          multiline={widget.multiline}
          prompt={widget.dynamicPrompts}
          placeholder={widget.placeholder}
        />
      );
    case 'other':
      return <TextWidget {...common} value={typeof value === 'string' ? value : JSON.stringify(value)} multiline={false} prompt={false} />;
  }
}
