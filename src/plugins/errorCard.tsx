import { ErrorCard } from '../components/ErrorCard';
import type { IErrorCardData } from '../components/ErrorCard';
import { fieldsOf, isText, outputPlugin, text } from './output';

const MIME_TYPE = 'application/vnd.jupyter-sm.error+json';

/** The output's data if it is an error's, else null: it may come from anyone's notebook. */
export function readErrorCard(data: unknown): IErrorCardData | null {
  const card = fieldsOf(data);
  if (!card || ![card.title, card.what_happened].every(isText)) {
    return null;
  }
  const job = fieldsOf(card.job);
  return {
    title: text(card.title),
    what_happened: text(card.what_happened),
    likely_cause: text(card.likely_cause),
    fixes: Array.isArray(card.fixes) ? card.fixes.filter(isText).map(text) : [],
    job:
      job && [job.target, job.kind, job.name].every(isText)
        ? {
            target: text(job.target),
            kind: text(job.kind),
            name: text(job.name)
          }
        : null,
    folded: text(card.folded)
  };
}

/** Renders an error's output as a card. */
export const errorCardPlugin = outputPlugin({
  id: 'jupyter_sm:error-card',
  description: 'Renders errors of SageMaker in cell outputs as cards.',
  mimeType: MIME_TYPE,
  read: readErrorCard,
  Component: ErrorCard
});
