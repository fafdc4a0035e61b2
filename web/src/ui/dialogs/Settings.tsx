import { useEffect, useState } from 'react';
import { systemFacts, type SystemFacts } from '../../net/files';
import { runCommand } from '../../commands';
import { useDialogs } from '../../state/dialogs';
import { setPreferences, usePreferences, type Theme } from '../../state/preferences';
import { Modal } from './Modal';

export function Settings() {
  const preferences = usePreferences();
  const [facts, setFacts] = useState<SystemFacts | null>(null);
  useEffect(() => {
    systemFacts().then(setFacts, () => setFacts(null));
  }, []);
  const close = (): void => useDialogs.setState({ settings: false });
  return (
    <Modal label="Settings" onClose={close}>
      <div className="settings">
        <label>
          Theme{' '}
          <select value={preferences.theme} onChange={(event) => setPreferences({ theme: event.target.value as Theme })}>
            <option value="system">as the system</option>
            <option value="dark">dark</option>
            <option value="light">light</option>
            <option value="contrast">high contrast</option>
          </select>
        </label>
        <label><input type="checkbox" checked={preferences.minimap} onChange={(event) => setPreferences({ minimap: event.target.checked })} /> Overview map</label>
        <label><input type="checkbox" checked={preferences.snap} onChange={(event) => setPreferences({ snap: event.target.checked })} /> Snap to the grid</label>
        <button
          type="button"
          className="small"
          onClick={() => {
            close();
            runCommand('shortcuts');
          }}
        >
          Shortcuts
        </button>
        {facts && <p className="muted">heddle {facts.version}, {facts.processor}, {facts.precision}</p>}
      </div>
    </Modal>
  );
}
