import { lazy, Suspense, type ComponentType } from 'react';
import { commandOf, keysText } from '../commands';
import { useConnection } from '../state/connection';
import { setPreferences, togglePanel, usePreferences, type Panel } from '../state/preferences';
import { useTabProblems } from '../state/problems';
import { useActiveTab } from '../state/tabs';
import { IconButton, type IconName } from './icons';

type Shown = Exclude<Panel, 'none'>;

const panels: Record<Shown, { icon: IconName; title: string; body: ComponentType }> = {
  workflows: { icon: 'folder', title: 'Workflows', body: lazy(() => import('./panels/Workflows')) },
  nodes: { icon: 'nodes', title: 'Nodes', body: lazy(() => import('./panels/NodeLibrary')) },
  jobs: { icon: 'jobs', title: 'Jobs', body: lazy(() => import('./panels/Jobs')) },
  gallery: { icon: 'image', title: 'Gallery', body: lazy(() => import('./panels/Gallery')) },
  outline: { icon: 'outline', title: 'Outline', body: lazy(() => import('./panels/Outline')) },
  problems: { icon: 'warning', title: 'Problems', body: lazy(() => import('./panels/Problems')) },
  form: { icon: 'form', title: 'Form', body: lazy(() => import('./panels/Form')) },
};

export function Rail() {
  const panel = usePreferences((state) => state.panel);
  const remaining = useConnection((state) => state.remaining);
  const tab = useActiveTab();
  const problems = useTabProblems(tab?.id ?? '').length;
  const badges: Partial<Record<Shown, number>> = { jobs: remaining, problems };
  return (
    <nav className="rail" data-region="rail" aria-label="Panels">
      {(Object.keys(panels) as Shown[]).map((name) => {
        const command = commandOf(`panel.${name}`);
        return (
          <IconButton
            key={name}
            icon={panels[name].icon}
            label={panels[name].title}
            keys={command && keysText(command)}
            pressed={panel === name}
            badge={badges[name]}
            onClick={() => togglePanel(name)}
          />
        );
      })}
    </nav>
  );
}

export function Panels() {
  const panel = usePreferences((state) => state.panel);
  if (panel === 'none') return null;
  const { title, body: Body } = panels[panel];
  return (
    <aside className="panel" data-region="panel" aria-label={title}>
      <header>
        <h2>{title}</h2>
        <IconButton icon="close" label={`Close ${title}`} onClick={() => setPreferences({ panel: 'none' })} />
      </header>
      <Suspense>
        <Body />
      </Suspense>
    </aside>
  );
}
