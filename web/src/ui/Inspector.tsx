import { useNode, CanvasContext, usePlanned, useNodeRun, useStepWarnings } from '../canvas/context';
import { Field } from '../canvas/Field';
import { setPosition } from '../model/commands/look';
import { socketToWidget, widgetToSocket } from '../model/commands/values';
import { setNodeColor, resizeNode } from '../model/commands/look';
import { titleOf } from '../model/definition_of';
import { inputViews } from '../model/sockets';
import { tell } from '../canvas/edit';
import { isInForm, toggleInForm } from '../state/form';
import { setPreferences } from '../state/preferences';
import { useSelection } from '../state/selection';
import { shownGraphId, useTabs, type Tab } from '../state/tabs';
import { runCommand } from '../commands';
import { GroupDetails } from './GroupDetails';
import { IconButton } from './icons';

/** All about the selected node, with a way to do by keys what the pointer does on the canvas. */
export default function Inspector({ tab }: { tab: Tab }) {
  useTabs((state) => state.version);
  const focus = useSelection((state) => state.focus);
  const group = useSelection((state) => state.groups.at(-1));
  return (
    <aside className="inspector" data-region="inspector" aria-label="Details">
      <header>
        <h2>Details</h2>
        <IconButton icon="close" label="Close details" onClick={() => setPreferences({ inspector: false })} />
      </header>
      <CanvasContext.Provider value={{ tab, graph: shownGraphId(tab) }}>
        {focus ? <NodeDetails id={focus} /> : group ? <GroupDetails tab={tab} id={group} /> : <p className="empty">Select a node.</p>}
      </CanvasContext.Provider>
    </aside>
  );
}

function NodeDetails({ id }: { id: string }) {
  const here = useNode(id);
  const { tab, node, definition, graphId, step } = here;
  const plan = usePlanned(tab.id, step);
  const run = useNodeRun(tab.id, step);
  const warnings = useStepWarnings(tab.id, step);
  if (!node) return <p className="empty">Select a node.</p>;
  const title = titleOf(node, definition);
  const place = (axis: 0 | 1, value: number): void => {
    const pos: [number, number] = [node.pos[0], node.pos[1]];
    pos[axis] = value;
    tab.editor.transact('Move', (tx) => setPosition(tx, graphId, id, pos), { merge: `place/${id}` });
  };
  return (
    <div className="details">
      <h3 dir="auto">{title}</h3>
      <p><code>{node.type}</code> {definition?.description}</p>
      {plan && <p className="why"><strong>Why:</strong> {plan.action === 'run' ? 'will run' : plan.action}: {plan.reason}</p>}
      {run?.error && <p className="node-error-text">{run.error}</p>}
      <div className="row">
        <label>x <input type="number" value={node.pos[0]} onChange={(event) => place(0, Number(event.target.value))} /></label>
        <label>y <input type="number" value={node.pos[1]} onChange={(event) => place(1, Number(event.target.value))} /></label>
        <label>width <input type="number" min={150} value={node.size[0]} onChange={(event) => tab.editor.transact('Resize', (tx) => resizeNode(tx, graphId, id, [Number(event.target.value), node.size[1]]), { merge: `size/${id}` })} /></label>
        <label>colour <input type="color" value={node.color ?? '#2a2f3a'} onChange={(event) => tab.editor.transact('Colour', (tx) => setNodeColor(tx, graphId, [id], event.target.value, node.bgcolor), { merge: `colour/${id}` })} /></label>
      </div>
      <div className="row">
        {(['node.rename', 'node.mute', 'node.bypass', 'node.collapse', 'node.pin', 'run.to'] as const).map((name) => (
          <button key={name} type="button" className="small" onClick={() => runCommand(name)}>{name.split('.')[1] === 'to' ? 'run up to here' : name.split('.')[1]}</button>
        ))}
      </div>
      {inputViews(node, definition).filter((input) => input.definition?.widget).map((input) => (
        <div key={input.key} className="detail-field">
          <Field here={here} input={input} title={title} />
          {warnings.filter(({ socket }) => socket === input.key).map(({ message }) => <em key={message} className="warning-text">{message}</em>)}
          {input.definition?.tooltip && <small>{input.definition.tooltip}</small>}
          <div className="row">
            {graphId === '' && (
              <label>
                <input type="checkbox" checked={isInForm(tab, id, input.key)} onChange={() => toggleInForm(tab, id, input.key)} /> in the form
              </label>
            )}
            <button
              type="button"
              className="small"
              onClick={() => tab.editor.transact('Socket', (tx) => {
                if (input.index < 0) widgetToSocket(tx, graphId, id, input.key);
                else tell(socketToWidget(tx, graphId, id, input.key));
              })}
            >
              {input.index < 0 ? 'give it a socket' : 'take its socket away'}
            </button>
          </div>
        </div>
      ))}
    </div>
  );
}
