import { useState } from 'react';
import { useDialogs } from '../../state/dialogs';
import { Modal } from './Modal';

export function TextPrompt({ label, value, done }: { label: string; value: string; done(value: string): void }) {
  const [text, setText] = useState(value);
  const close = (result: string): void => {
    useDialogs.setState({ prompt: null });
    done(result);
  };
  return (
    <Modal label={label} onClose={() => close('')}>
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault();
          close(text.trim());
        }}
      >
        <input type="text" aria-label={label} autoFocus dir="auto" value={text} onFocus={(event) => event.target.select()} onChange={(event) => setText(event.target.value)} />
        <button type="submit" className="primary">OK</button>
      </form>
    </Modal>
  );
}
