import { useRef } from 'react';
import { fileOfValue, fileUrl } from '../../net/files';
import { attempt } from '../../state/notices';
import { uploadPicture } from '../../state/uploads';
import { Icon } from '../icons';
import { ChoiceWidget } from './ChoiceWidget';
import type { WidgetProps } from './props';

interface FileProps extends WidgetProps<string> {
  choices: string[];
  onPaintMask?: () => void;
  /** Without a thumbnail (where there is no place for one). */
  plain?: boolean;
}

const thumbnail = (name: string): string => fileUrl(fileOfValue(name), { preview: true });

/** A choice among uploaded files, with an upload by button, drop and paste, and the picture itself. */
export function FileWidget(props: FileProps) {
  const input = useRef<HTMLInputElement>(null);
  const { value, onChange, onEnd } = props;
  const choices = value && !props.choices.includes(value) ? [value, ...props.choices] : props.choices;

  const upload = (file: File | undefined): void => {
    if (!file) return;
    attempt(async () => {
      onChange(await uploadPicture(file));
      onEnd();
    });
  };

  return (
    <div
      className="file-widget nodrag"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        event.stopPropagation();
        upload(event.dataTransfer.files[0]);
      }}
    >
      <ChoiceWidget {...props} choices={choices} pictureOf={thumbnail} />
      <div className="file-row">
        <button type="button" className="small" onClick={() => input.current?.click()}>
          <Icon name="plus" /> Upload
        </button>
        {props.onPaintMask && value && (
          <button type="button" className="small" onClick={props.onPaintMask}>
            <Icon name="brush" /> Mask
          </button>
        )}
      </div>
      <input ref={input} type="file" accept="image/*" hidden aria-label={`${props.name}: upload`} onChange={(event) => upload(event.target.files?.[0])} />
      {!props.plain && value && (
        <img className="thumbnail" src={fileUrl(fileOfValue(value), { preview: true })} alt={`${props.name}: ${value}`} draggable={false} />
      )}
    </div>
  );
}
