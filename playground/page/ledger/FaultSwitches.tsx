import { useEffect, useState } from 'react';
import type { ActionName, Actions, Faults, NextFault, PhoneApp, Snapshot, SystemId, Worker } from '../api.ts';
import { act, wordsOf } from '../client.ts';
import { Bolt } from '../parts/icons.tsx';
import { SYSTEMS } from '../parts/names.ts';
import { Switch } from '../parts/Switch.tsx';

const NEXT: { id: NextFault; label: string; hint: string }[] = [
  { id: '429', label: 'says 429, too many requests', hint: 'The next send is refused with 429' },
  { id: '500', label: 'says 500, server error', hint: 'The next send is not done and answered with 500' },
  { id: 'hang', label: 'accepts, but never answers', hint: 'The next send is done, but never answered' },
];
const SYSTEM_IDS = Object.keys(SYSTEMS) as SystemId[];
const armed = (faults: Faults): number =>
  Object.values(faults.next).reduce((sum, times) => sum + times, 0) +
  Number(faults.duplicateWebhooks) +
  Number(faults.reorderReceipts === true);

interface Props {
  faults: Snapshot['faults'];
  worker: Worker;
  /** The phone that is shown: its provider is the one to spoil first. */
  app: PhoneApp;
}
const PROVIDER: Record<PhoneApp, SystemId> = { telegram: 'telegram', whatsapp: 'whatsapp', sms: 'twilio' };

/** The switches with which one can spoil the day of a bridge, and watch what it does. */
export function FaultSwitches({ faults, worker, app }: Props) {
  const [system, setSystem] = useState<SystemId>(PROVIDER[app]);
  useEffect(() => setSystem(PROVIDER[app]), [app]);
  const [problem, setProblem] = useState('');
  const flip = <Name extends ActionName>(action: Name, body: Actions[Name]['body']) => {
    setProblem('');
    act(action, body).catch((error: unknown) => setProblem(wordsOf(error)));
  };
  const total = SYSTEM_IDS.reduce((sum, id) => sum + armed(faults[id]), 0);
  return (
    <section className="pane faults" aria-label="Faults" data-pane="faults">
      <header className="pane-head">
        <h2>What if</h2>
        <SystemChoice faults={faults} system={system} onSystem={setSystem} />
        {total > 0 && (
          <button
            type="button"
            className="quiet"
            onClick={() => flip('fault.clear', {})}
            data-testid="fault-clear"
          >
            Clear all ({total})
          </button>
        )}
      </header>
      <div className="faults-body">
        <NextFaults system={system} faults={faults[system]} flip={flip} />
        <Switches system={system} faults={faults[system]} flip={flip} />
        <WorkerSwitch worker={worker} onKill={() => flip('worker.kill', {})} />
        {problem && <p role="alert">{problem}</p>}
      </div>
    </section>
  );
}

interface ChoiceProps {
  faults: Snapshot['faults'];
  system: SystemId;
  onSystem(system: SystemId): void;
}

const SystemChoice = ({ faults, system, onSystem }: ChoiceProps) => (
  <select
    className="system"
    aria-label="Which system misbehaves"
    value={system}
    onChange={(event) => onSystem(event.target.value as SystemId)}
    data-testid="fault-system"
  >
    {SYSTEM_IDS.map((id) => (
      <option key={id} value={id}>
        {SYSTEMS[id]}
        {armed(faults[id]) > 0 ? ` (${armed(faults[id])} on)` : ''}
      </option>
    ))}
  </select>
);

type Flip = <Name extends ActionName>(action: Name, body: Actions[Name]['body']) => void;
interface SwitchProps {
  system: SystemId;
  faults: Faults;
  flip: Flip;
}

function NextFaults({ system, faults, flip }: SwitchProps) {
  return (
    <div className="next-faults">
      {NEXT.map(({ id, label, hint }) => {
        const times = faults.next[id];
        return (
          <button
            key={id}
            type="button"
            className="fault"
            title={hint}
            aria-pressed={times > 0}
            onClick={() => flip('fault.next', { system, fault: id, times: times > 0 ? 0 : 1 })}
            data-testid={`fault-${id}`}
          >
            <Bolt />
            {label}
            <small>{times > 0 ? `next ${times === 1 ? 'send' : `${times} sends`}` : 'off'}</small>
          </button>
        );
      })}
    </div>
  );
}

function Switches({ system, faults, flip }: SwitchProps) {
  return (
    <div className="switches">
      <Switch
        label="webhooks twice"
        testId="fault-duplicate"
        on={faults.duplicateWebhooks}
        onChange={(on) => flip('fault.switch', { system, fault: 'duplicateWebhooks', on })}
      />
      {faults.reorderReceipts !== undefined && (
        <Switch
          label="receipts shuffled"
          testId="fault-reorder"
          on={faults.reorderReceipts}
          onChange={(on) => flip('fault.switch', { system, fault: 'reorderReceipts', on })}
        />
      )}
    </div>
  );
}

const WORKER = {
  running: 'The worker is running',
  restarting: 'Killed; starting again…',
  stopped: 'The worker is stopped',
} as const;

const WorkerSwitch = ({ worker, onKill }: { worker: Worker; onKill(): void }) => (
  <div className="worker">
    <p role="status" data-testid="worker-state" data-state={worker.state}>
      <span className={`lamp ${worker.state}`} aria-hidden="true" />
      {WORKER[worker.state]}
      {worker.kills > 0 && worker.state === 'running' && (
        <small> · killed {worker.kills === 1 ? 'once' : `${worker.kills} times`}</small>
      )}
    </p>
    <button
      type="button"
      className="danger"
      onClick={onKill}
      disabled={worker.state !== 'running'}
      data-testid="worker-kill"
    >
      Kill the worker
    </button>
  </div>
);
