import { act } from 'react';
import { createRoot } from 'react-dom/client';

declare global {
  // React asks for this flag, so that act() takes in what effects do.
  var IS_REACT_ACT_ENVIRONMENT: boolean;
}

interface IRoot {
  render(element: JSX.Element): void;
  unmount(): void;
}

let unmounts: (() => void)[] = [];

/** Render an element into the document; `act` for what follows. */
export async function render(element: JSX.Element): Promise<HTMLElement> {
  globalThis.IS_REACT_ACT_ENVIRONMENT = true;
  const host = document.body.appendChild(document.createElement('div'));
  const root: IRoot = createRoot(host);
  unmounts.push(() => {
    act(() => root.unmount());
    host.remove();
  });
  await act(async () => root.render(element));
  return host;
}

/** Take everything away that was rendered. */
export function cleanUp(): void {
  unmounts.forEach(unmount => unmount());
  unmounts = [];
}

/** Have the user choose an option of a select, or type into a field. */
export async function enter(
  field: HTMLInputElement | HTMLSelectElement,
  value: string
): Promise<void> {
  // React listens for what is set past the property that it has put on the element itself.
  const prototype = Object.getPrototypeOf(field);
  await act(async () => {
    Object.getOwnPropertyDescriptor(prototype, 'value')?.set?.call(
      field,
      value
    );
    const type = field instanceof HTMLSelectElement ? 'change' : 'input';
    field.dispatchEvent(new Event(type, { bubbles: true }));
  });
}
