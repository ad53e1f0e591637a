import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import * as React from 'react';

/** Render anew whenever one of the signals is emitted. */
export function useSignals(...signals: ISignal<unknown, unknown>[]): void {
  const [, setCount] = React.useState(0);
  React.useEffect(() => {
    const onChange = () => setCount(count => count + 1);
    signals.forEach(signal => signal.connect(onChange));
    return () => signals.forEach(signal => signal.disconnect(onChange));
  }, signals);
}

/** A model of the component's own, made anew for another `id`; null until it is made. */
export function useOwn<T extends IDisposable>(
  make: () => T,
  id: string
): T | null {
  const [own, setOwn] = React.useState<T | null>(null);
  React.useEffect(() => {
    const made = make();
    setOwn(made);
    return () => made.dispose();
  }, [id]);
  return own;
}

/** Now, in seconds; while `isTicking`, renders anew each second. */
export function useNow(isTicking: boolean): number {
  const [now, setNow] = React.useState(Date.now() / 1000);
  React.useEffect(() => {
    if (!isTicking) {
      return;
    }
    const timer = window.setInterval(() => setNow(Date.now() / 1000), 1000);
    return () => window.clearInterval(timer);
  }, [isTicking]);
  return isTicking ? Math.max(now, Date.now() / 1000 - 1) : now;
}

/** The theme's name: who draws on a canvas must draw anew when it changes. */
export function useTheme(): string {
  const name = () => document.body.dataset.jpThemeName ?? '';
  const [theme, setTheme] = React.useState(name);
  React.useEffect(() => {
    const observer = new MutationObserver(() => setTheme(name()));
    const attributeFilter = ['data-jp-theme-name'];
    observer.observe(document.body, { attributes: true, attributeFilter });
    return () => observer.disconnect();
  }, []);
  return theme;
}
