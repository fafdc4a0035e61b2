import { showNode } from '../../canvas/view';
import type { Problem } from '../../net/http';
import { useProblems, useTabProblems } from '../../state/problems';
import { usePlan } from '../../state/plan';
import { select } from '../../state/selection';
import { changeTab, useActiveTab, type Tab } from '../../state/tabs';
import { useRuns } from '../../state/runs';
import { titleOfStep } from '../../state/steps';

export default function Problems() {
  const tab = useActiveTab();
  const problems = useTabProblems(tab?.id ?? '');
  const warnings = useProblems(({ warnings }) => warnings[tab?.id ?? '']) ?? [];
  const noticed = useProblems(({ noticed }) => noticed[tab?.id ?? '']) ?? [];
  const plan = usePlan(({ byTab }) => byTab[tab?.id ?? '']);
  const error = useRuns(({ jobs, shown }) => jobs[shown[tab?.id ?? ''] ?? '']?.error);
  if (!tab) return null;
  return (
    <>
      <List tab={tab} label="Problems" problems={problems} />
      {problems.length === 0 && <p className="empty">Nothing is wrong with this graph.</p>}
      {error?.details && (
        <details className="row">
          <summary>Details of the failure</summary>
          <pre>{error.details}</pre>
          <button type="button" className="small" onClick={() => void navigator.clipboard.writeText(error.details ?? '')}>Copy</button>
        </details>
      )}
      <List tab={tab} label="Warnings" problems={[...noticed, ...warnings]} />
      {plan && Object.keys(plan).length > 0 && (
        <>
          <h3>What the next run does</h3>
          <ul className="plan-list" aria-label="What the next run does">
            {Object.entries(plan).map(([step, { action, reason }]) => (
              <li key={step} data-plan={action}>
                <button type="button" onClick={() => jump(tab, step)}>
                  <strong>{titleOfStep(tab, step)}</strong> <span>{action === 'run' ? 'runs' : action === 'cached' ? 'is cached' : 'is not needed'}: {reason}</span>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function jump(tab: Tab, step: string): void {
  const path = step.split(':');
  const node = path.pop() ?? '';
  if (path.join() !== tab.path.join()) changeTab(tab.id, { path });
  select({ nodes: [node] });
  setTimeout(() => showNode(node), 60);
}

function List({ tab, label, problems }: { tab: Tab; label: string; problems: Problem[] }) {
  if (problems.length === 0) return null;
  return (
    <ul className="problem-list" aria-label={label}>
      {problems.map((problem, i) => (
        <li key={i}>
          <button type="button" onClick={() => problem.step && jump(tab, problem.step)}>
            <strong>{problem.step ? titleOfStep(tab, problem.step) : label}{problem.socket ? `: ${problem.socket}` : ''}</strong>
            <span>{problem.message}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
