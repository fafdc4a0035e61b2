import { useStore, type NodeProps } from '@xyflow/react';
import { memo, useMemo } from 'react';
import { MODE_BYPASSED, MODE_MUTED, type GraphNode } from '../model/document';
import { titleOf } from '../model/definition_of';
import { outputViews } from '../model/sockets';
import { namelessValues } from '../model/values';
import type { NodeRun } from '../state/runs';
import type { PlannedStep } from '../state/plan';
import { useMade, useNode, useNodeRun, usePlanned, usePreview, useStepProblems, useStepWarnings, type NodeHere } from './context';
import { resize } from './edit';
import { FLAT_BELOW, MANY } from './culling';
import { Field } from './Field';
import { isCollapsed, layoutOf, ROW, type NodeLayout } from './geometry';
import { MadePicture } from './MadePicture';
import { Resizer } from './Resizer';
import { InputSocket, OutputSocket } from './Socket';
import { ThroughWires } from './ThroughWires';
import { useTurn } from './turns';
import { colourOf } from './types';

const useIsFlat = (): boolean => useStore((state) => state.transform[2] < FLAT_BELOW);

export const StepNode = memo(function StepNode({ id, selected }: NodeProps) {
  const here = useNode(id);
  const { tab, node, definition, step } = here;
  const run = useNodeRun(tab.id, step);
  const plan = usePlanned(tab.id, step);
  const made = useMade(tab.id, step);
  const preview = usePreview(tab.id, step);
  const problems = useStepProblems(tab.id, step);
  const flat = useIsFlat();
  const hasTurn = useTurn((here.graph?.nodes.size ?? 0) > MANY);
  const hasPicture = (made?.images.length ?? 0) > 0 || made?.text !== undefined || preview !== undefined;
  const layout = useMemo(() => node && layoutOf(node, definition, hasPicture), [node, definition, hasPicture]);
  if (!node || !layout) return null;

  const title = titleOf(node, definition);
  const state = stateOf(node, run, problems.length > 0);
  const whole = problems.filter((problem) => !problem.socket || !layout.inputs.some(({ input }) => input.key === problem.socket));
  return (
    <article
      className="node"
      aria-label={nameOf(title, node, run, state)}
      data-id={id}
      data-type={node.type}
      data-state={state}
      data-mode={node.mode === MODE_MUTED ? 'muted' : node.mode === MODE_BYPASSED ? 'bypassed' : undefined}
      data-selected={selected ? '' : undefined}
      data-unknown={definition ? undefined : ''}
      data-flat={flat ? '' : undefined}
      style={{ '--node-color': node.color ?? undefined, '--node-body': node.bgcolor ?? undefined } as React.CSSProperties}
    >
      <header className="node-title" title={definition?.description}>
        <span className="node-name" dir="auto">{title}</span>
        <Status run={run} plan={plan} state={state} />
      </header>
      {run?.state === 'running' && <Progress run={run} />}
      {!flat && hasTurn && !isCollapsed(node) && <Body here={here} layout={layout} title={title} problems={problems} />}
      {layout.picture && !isCollapsed(node) && (
        <div className="node-picture" style={{ top: layout.picture.y, height: layout.picture.height }}>
          <MadePicture here={here} made={made} preview={preview} title={title} />
        </div>
      )}
      {whole.length > 0 && <p className="node-error" role="note">{whole.map(({ message }) => message).join('\n')}</p>}
      {layout.inputs.map(({ input, y }) => (
        <InputSocket
          key={input.key}
          node={id}
          y={y}
          type={input.type}
          label={input.label}
          input={input.key}
          linked={input.link !== null}
          optional={!input.required || Boolean(input.definition?.widget)}
        />
      ))}
      {layout.outputs.map(({ output, y }) => (
        <OutputSocket key={output.index} node={id} y={y} type={output.type} label={output.label} output={output.index} linked={output.links.length > 0} />
      ))}
      {node.mode === MODE_BYPASSED && <ThroughWires here={here} layout={layout} />}
      {!flat && !isCollapsed(node) && (
        <Resizer label="Resize the node" size={layout} onResize={(w, h) => resize(tab, here.graphId, id, w, h)} onEnd={() => tab.editor.seal()} />
      )}
    </article>
  );
});

type Problems = ReturnType<typeof useStepProblems>;

function Body({ here, layout, title, problems }: { here: NodeHere; layout: NodeLayout; title: string; problems: Problems }) {
  const { node, definition } = here;
  if (!node) return null;
  const warnings = useStepWarnings(here.tab.id, here.step);
  const at = (socket: string) => problems.find((problem) => problem.socket === socket)?.message;
  const warningAt = (socket: string) => (at(socket) ? undefined : warnings.find((warning) => warning.socket === socket)?.message);
  return (
    <div className="node-body">
      {layout.inputs.filter(({ input }) => !input.definition?.widget).map(({ input, y }) => (
        <span key={input.key} className="socket-name in" style={{ top: y - ROW / 2 }} data-invalid={at(input.key) ? '' : undefined} title={at(input.key)}>
          {input.label}
          {at(input.key) && <em> {at(input.key)}</em>}
        </span>
      ))}
      {outputViews(node, definition).map((output, i) => (
        <span key={output.index} className="socket-name out" style={{ top: (layout.outputs[i]?.y ?? 0) - ROW / 2, color: colourOf(output.type) }}>
          {output.label}
        </span>
      ))}
      {layout.widgets.map(({ input, y, height }) => (
        <div key={input.key} className="node-field" style={{ top: y, height }}>
          <Field here={here} input={input} title={title} problem={at(input.key)} warning={warningAt(input.key)} plain />
          {at(input.key) && <em className="field-error">{at(input.key)}</em>}
          {warningAt(input.key) && <em className="field-error field-warning">{warningAt(input.key)}</em>}
        </div>
      ))}
      {!definition && <UnknownValues node={node} top={(layout.inputs.at(-1)?.y ?? 40) + ROW / 2} />}
    </div>
  );
}

function UnknownValues({ node, top }: { node: GraphNode; top: number }) {
  const values = namelessValues(node);
  return (
    <div className="unknown-values" style={{ top }}>
      <strong>Unknown node: {node.type}</strong>
      {values.slice(0, 6).map(([name, value]) => (
        <span key={name}>{name}: {typeof value === 'string' ? value : String(value)}</span>
      ))}
    </div>
  );
}

function Progress({ run }: { run: NodeRun }) {
  const fraction = run.max ? (run.value ?? 0) / run.max : 0;
  return (
    <div className="node-progress" role="progressbar" aria-label="progress" aria-valuenow={Math.round(fraction * 100)} aria-valuemin={0} aria-valuemax={100}>
      <div style={{ transform: `scaleX(${fraction})` }} />
    </div>
  );
}

function Status({ run, plan, state }: { run: NodeRun | undefined; plan: PlannedStep | undefined; state: string }) {
  if (state === 'running') return <span className="node-status">{run?.max ? `${run.value ?? 0}/${run.max}` : '…'}</span>;
  const why = plan ? `${plan.action === 'run' ? 'Will run' : plan.action === 'cached' ? 'Cached' : 'Not needed'}: ${plan.reason}` : undefined;
  const text =
    state === 'failed' ? 'failed'
    : state === 'done' && run?.seconds !== undefined ? seconds(run.seconds)
    : state === 'cached' ? 'cached'
    : '';
  const dot = plan ? <i className="plan" data-plan={plan.action} title={why} aria-label={why} role="img" /> : null;
  return <span className="node-status">{text}{dot}</span>;
}

const seconds = (value: number): string => (value < 0.1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(1)} s`);

function stateOf(node: GraphNode, run: NodeRun | undefined, hasProblems: boolean): string {
  if (run?.state === 'failed') return 'failed';
  if (hasProblems) return 'problem';
  if (node.mode === MODE_MUTED || node.mode === MODE_BYPASSED) return 'off';
  return run?.state ?? 'idle';
}

function nameOf(title: string, node: GraphNode, run: NodeRun | undefined, state: string): string {
  const parts = [title];
  if (node.mode === MODE_MUTED) parts.push('muted');
  if (node.mode === MODE_BYPASSED) parts.push('bypassed');
  if (state === 'running' && run?.max) parts.push(`running ${Math.round(((run.value ?? 0) / run.max) * 100)} %`);
  else if (state !== 'idle' && state !== 'off') parts.push(state);
  return parts.join(', ');
}
