import { useEffect, useState } from 'react';
import { readForeignSettings } from '../../io/foreign_settings';
import { checkPicture, type Checked } from '../../net/jobs';
import { useDialogs } from '../../state/dialogs';
import { runForeignPicture } from '../../state/foreign';
import { attempt } from '../../state/notices';
import { receivePicture } from '../../state/receive';
import { Modal } from './Modal';

/** What is in a picture of AUTOMATIC1111, in words, and what this server can do of it. */
export function ForeignPicture({ file, text }: { file: File; text: string }) {
  const [checked, setChecked] = useState<Checked | null>(null);
  useEffect(() => attempt(async () => setChecked(await checkPicture(file))), [file]);
  const { prompt, negative, settings } = readForeignSettings(text);
  const close = (): void => useDialogs.setState({ foreign: null });
  const doAndClose = (action: () => Promise<void>) => (): void => {
    close();
    attempt(action);
  };
  return (
    <Modal label={`${file.name}: settings of another program`} onClose={close}>
      <div className="foreign">
        <h3>Prompt</h3>
        <p dir="auto">{prompt || 'none'}</p>
        {negative && <h3>Negative prompt</h3>}
        {negative && <p dir="auto">{negative}</p>}
        {settings.length > 0 && <h3>Settings</h3>}
        <dl>{settings.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
        {checked && (
          <ul className="difference" aria-label="What this server says to it">
            {checked.problems.map(({ message, socket }, i) => <li key={`p${i}`} data-kind="removed">{socket ? `${socket}: ` : ''}{message}</li>)}
            {checked.warnings.map(({ message }, i) => <li key={`w${i}`}>{message}</li>)}
          </ul>
        )}
        <div className="row">
          <button type="button" className="primary" disabled={!checked?.ok} onClick={doAndClose(() => runForeignPicture(file))}>Run it and open its graph</button>
          <button type="button" className="small" onClick={doAndClose(() => receivePicture(file))}>Use the picture as an input</button>
        </div>
      </div>
    </Modal>
  );
}
