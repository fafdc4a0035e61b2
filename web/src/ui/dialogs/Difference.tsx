import { useDialogs } from '../../state/dialogs';
import { Modal } from './Modal';

export function Difference({ title, lines }: { title: string; lines: { kind: string; text: string }[] }) {
  return (
    <Modal label={title} onClose={() => useDialogs.setState({ difference: null })}>
      {lines.length === 0 && <p>Nothing has changed.</p>}
      <ul className="difference" aria-label={title}>
        {lines.map(({ kind, text }, i) => <li key={i} data-kind={kind}>{text}</li>)}
      </ul>
    </Modal>
  );
}
