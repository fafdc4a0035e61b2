import { keysText, commandOf, runCommand } from '../commands';
import { useConnection } from '../state/connection';
import { setPreferences, usePreferences } from '../state/preferences';
import { jobFraction, useRuns } from '../state/runs';
import { closeTab, isUnsaved, useTabs } from '../state/tabs';
import { clearSelection } from '../state/selection';
import { Icon, IconButton } from './icons';

const button = (id: string, icon: Parameters<typeof IconButton>[0]['icon']) => {
  const command = commandOf(id);
  return command && <IconButton key={id} icon={icon} label={command.label} keys={keysText(command)} onClick={() => runCommand(id)} />;
};

export function TopBar() {
  return (
    <header className="top-bar" data-region="bar" aria-label="Top bar">
      <strong className="brand">heddle</strong>
      <TabList />
      <div className="tools" role="toolbar" aria-label="Document">
        {button('file.open', 'open')}
        {button('file.save', 'save')}
        {button('undo', 'undo')}
        {button('redo', 'redo')}
        {button('commands', 'command')}
        {button('settings', 'settings')}
      </div>
      <RunControls />
    </header>
  );
}

function TabList() {
  const { tabs, active } = useTabs();
  return (
    <nav className="tabs" aria-label="Open graphs">
      {tabs.map((tab) => (
        <span key={tab.id} className="tab" data-active={tab.id === active ? '' : undefined}>
          <button
            type="button"
            aria-current={tab.id === active ? 'page' : undefined}
            onClick={() => {
              clearSelection();
              useTabs.setState({ active: tab.id });
            }}
          >
            <span dir="auto">{tab.name}</span>
            {isUnsaved(tab) && <i className="unsaved" role="img" aria-label="not saved" />}
          </button>
          <button type="button" className="tab-close" aria-label={`Close ${tab.name}`} onClick={() => closeTab(tab.id)}>
            <Icon name="close" />
          </button>
        </span>
      ))}
      {button('file.new', 'plus')}
    </nav>
  );
}

function RunControls() {
  const { active } = useTabs();
  const batch = usePreferences((state) => state.batch);
  const remaining = useConnection((state) => state.remaining);
  const job = useRuns(({ jobs, shown }) => jobs[shown[active] ?? '']);
  const runs = job?.state === 'running' || job?.state === 'queued' || job?.state === 'sending';
  return (
    <div className="run-controls" role="toolbar" aria-label="Run">
      {runs && job && (
        <span className="run-state">
          <progress aria-label="Progress of the job" max={1} value={jobFraction(job)} />
          {job.state === 'running' ? `${Math.round(jobFraction(job) * 100)} %` : job.state}
          <IconButton icon="stop" label="Cancel the run of this graph" keys="Ctrl+Alt+Enter" onClick={() => runCommand('run.cancel')} />
        </span>
      )}
      {remaining > 1 && <span className="queue-count">{remaining} in the queue</span>}
      <input
        className="batch"
        type="number"
        min={1}
        max={99}
        aria-label="How often to run"
        title="How often to run"
        value={batch}
        onChange={(event) => setPreferences({ batch: Math.max(1, Math.min(99, Number(event.target.value) || 1)) })}
      />
      <button type="button" className="primary" title="Run (Ctrl+Enter)" onClick={() => runCommand('run')}>
        <Icon name="play" /> Run
      </button>
    </div>
  );
}
