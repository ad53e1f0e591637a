import type { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

export interface IIconButtonProps {
  icon: LabIcon;
  /** What it does, in a word or two: the tooltip. */
  title: string;
  /** What it does and to what, where the tooltip leaves that to the eye. */
  label?: string;
  isDisabled?: boolean;
  /** Of a button that stays pressed, whether it is. */
  isPressed?: boolean;
  /** It opens a menu. */
  hasMenu?: boolean;
  isSmall?: boolean;
  onClick: (button: HTMLElement) => void;
}

/** A button that shows an icon alone. */
export function IconButton(props: IIconButtonProps): JSX.Element {
  const { icon: Icon, title, label, isPressed, hasMenu } = props;
  return (
    <button
      className="jp-sm-IconButton"
      title={title}
      aria-label={label ?? title}
      aria-pressed={isPressed}
      aria-haspopup={hasMenu ? 'menu' : undefined}
      disabled={props.isDisabled}
      onClick={event => props.onClick(event.currentTarget)}
    >
      <Icon.react tag="span" elementSize={props.isSmall ? 'small' : 'normal'} />
    </button>
  );
}
