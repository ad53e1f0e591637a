import type { Event } from '@jupyterlab/services';
import { Stream } from '@lumino/signaling';

import type { IChange } from '../api/types';

/** The events of a server in memory, numbered as it numbers them. */
export class FakeEvents {
  constructor(public seq = 0) {}

  readonly stream = new Stream<object, Event.Emission>({});

  /** A change as the feed tells it. */
  change(topic: string, name: string, seq = this.seq): IChange {
    const kind = topic === 'target' ? '' : 'training';
    return { seq, topic, target: 'local', kind, name };
  }

  /** Tell of a change: the one after the last, unless told otherwise. */
  emit(topic: string, name: string, previous = this.seq): void {
    this.seq = previous + 1;
    this.emitRaw({
      schema_id: 'urn:jupyter_sm:change',
      ...this.change(topic, name),
      previous
    });
  }

  /** Tell of anything. */
  emitRaw(event: object): void {
    this.stream.emit(event as Event.Emission);
  }
}
