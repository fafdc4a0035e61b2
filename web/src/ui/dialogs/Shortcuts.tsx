import { useState } from 'react';
import { commands, keysOf, keysText, type Command } from '../../commands';
import { useDialogs } from '../../state/dialogs';
import { setPreferences, usePreferences } from '../../state/preferences';
import { keyName, sameKeys } from '../keys';
import { Modal } from './Modal';

/** All shortcuts; pressing one and then keys changes it. */
export function Shortcuts() {
  const { keys, singleKeys } = usePreferences();
  const [message, setMessage] = useState('');
  const [waiting, setWaiting] = useState<string | null>(null);

  const assign = (command: Command, name: string): void => {
    const taken = commands.find((other) => other.id !== command.id && keysOf(other).some((one) => sameKeys(one, name)));
    if (taken) return setMessage(`${name} is already: ${taken.label}.`);
    setMessage('');
    setPreferences({ keys: { ...keys, [command.id]: [name] } });
  };

  return (
    <Modal label="Shortcuts" wide onClose={() => useDialogs.setState({ shortcuts: false })}>
      <div className="row">
        <label>
          <input type="checkbox" checked={singleKeys} onChange={(event) => setPreferences({ singleKeys: event.target.checked })} /> Single letters act on the canvas
        </label>
        <button type="button" className="small" onClick={() => setPreferences({ keys: {} })}>Reset all</button>
      </div>
      <p role="status">{message}</p>
      <table className="shortcuts">
        <thead>
          <tr><th scope="col">Command</th><th scope="col">Keys</th></tr>
        </thead>
        <tbody>
          {commands.map((command) => (
            <tr key={command.id}>
              <td>{command.group}: {command.label}</td>
              <td>
                <button
                  type="button"
                  className="small"
                  aria-label={`Keys of ${command.label}: ${keysText(command) || 'none'}`}
                  onClick={() => setWaiting(command.id)}
                  onBlur={() => setWaiting(null)}
                  onKeyDown={(event) => {
                    if (waiting !== command.id || ['Control', 'Shift', 'Alt', 'Meta', 'Tab'].includes(event.key)) return;
                    event.preventDefault();
                    event.stopPropagation();
                    setWaiting(null);
                    if (event.key !== 'Escape') assign(command, keyName(event.nativeEvent));
                  }}
                >
                  {waiting === command.id ? 'Press keys…' : keysText(command) || '—'}
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Modal>
  );
}
