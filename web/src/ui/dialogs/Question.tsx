import { useDialogs } from '../../state/dialogs';
import { Modal } from './Modal';

/** A question that needs an answer before anything is done; Escape does nothing at all. */
export function Question({ label, text, answers, done }: { label: string; text: string; answers: string[]; done(answer: number): void }) {
  const close = (answer: number): void => {
    useDialogs.setState({ question: null });
    done(answer);
  };
  return (
    <Modal label={label} onClose={() => close(-1)}>
      <p dir="auto">{text}</p>
      <div className="row">
        {answers.map((answer, i) => <button key={answer} type="button" className={i === 0 ? 'primary' : 'small'} onClick={() => close(i)}>{answer}</button>)}
      </div>
    </Modal>
  );
}
