import type { IJobView } from '../api/types';
import { Card } from '../components/Card';
import type { ICardData } from '../components/Card';
import { fieldsOf, isNumber, isText, outputPlugin, text } from './output';
import type { Fields } from './output';

const MIME_TYPE = 'application/vnd.jupyter-sm.job+json';

/** The output's data if it is a card's, else null: it may come from anyone's notebook. */
export function readCard(data: unknown): ICardData | null {
  const card = fieldsOf(data);
  const snapshot = fieldsOf(card?.snapshot);
  if (
    !card ||
    !snapshot ||
    ![card.target, card.kind, card.name].every(isText) ||
    ![snapshot.name, snapshot.status, snapshot.target].every(isText) ||
    !isNumber(snapshot.created_at) ||
    phaseOf(snapshot) === null
  ) {
    return null;
  }
  return {
    target: text(card.target),
    kind: text(card.kind),
    name: text(card.name),
    submission_id: isText(card.submission_id) ? text(card.submission_id) : null,
    snapshot: plainSnapshot(snapshot, snapshot.created_at as number)
  };
}

/** A snapshot's plain fields, each of its type; structured parts come from one's own store only. */
function plainSnapshot(fields: Fields, created: number): IJobView {
  return {
    target: text(fields.target),
    kind: text(fields.kind),
    name: text(fields.name),
    parent: text(fields.parent),
    submission_id: isText(fields.submission_id)
      ? text(fields.submission_id)
      : null,
    status: text(fields.status),
    secondary_status: text(fields.secondary_status),
    phase: phaseOf(fields) ?? 'open',
    created_at: created,
    modified_at: isNumber(fields.modified_at) ? fields.modified_at : created,
    started_at: isNumber(fields.started_at) ? fields.started_at : null,
    ended_at: isNumber(fields.ended_at) ? fields.ended_at : null,
    instance_type: text(fields.instance_type),
    instance_count: isNumber(fields.instance_count) ? fields.instance_count : 1,
    script: text(fields.script),
    failure_reason: null,
    explanation: null,
    billable_seconds: null,
    model_uri: null,
    metric: null,
    progress: null,
    stop_requested: false,
    log_lines: 0,
    log_note: null,
    notes: [],
    transitions: []
  };
}

/** The phase a snapshot tells; notebooks saved before there were phases say only `is_final`. */
function phaseOf(fields: Fields): string | null {
  if (typeof fields.is_final === 'boolean') {
    return fields.is_final ? 'ended' : 'open';
  }
  return isText(fields.phase) ? text(fields.phase) : null;
}

/** Renders a job's output as a live card. */
export const cardPlugin = outputPlugin({
  id: 'jupyter_sm:card',
  description: 'Renders SageMaker jobs in cell outputs as live cards.',
  mimeType: MIME_TYPE,
  read: readCard,
  Component: Card
});
