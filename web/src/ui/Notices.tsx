import { dismiss, useNotices } from '../state/notices';
import { useConnection } from '../state/connection';
import { IconButton } from './icons';

export function Notices() {
  const { notices, spoken } = useNotices();
  const connected = useConnection((state) => state.connected);
  return (
    <>
      {connected === false && (
        <div className="banner" role="alert">The server does not answer. Nothing is lost: what you run is sent when it is back.</div>
      )}
      <div className="notices" role="region" aria-label="Notices">
        {notices.map((notice) => (
          <div key={notice.id} className="notice" data-kind={notice.kind} role={notice.kind === 'error' ? 'alert' : undefined}>
            <span>{notice.text}</span>
            {notice.action && (
              <button type="button" className="small" onClick={notice.action.run}>{notice.action.label}</button>
            )}
            <IconButton icon="close" label="Close" onClick={() => dismiss(notice.id)} />
          </div>
        ))}
      </div>
      <div className="spoken" aria-live="polite">{spoken}</div>
    </>
  );
}
