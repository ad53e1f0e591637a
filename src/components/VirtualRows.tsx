import * as React from 'react';

/** Browsers lay out nothing higher than some ten million pixels. */
const HIGHEST = 4_000_000;
/** Rows drawn beyond what is seen, on either side. */
const OVERSCAN = 12;
/** A row's height until some were measured. */
const ROW_PX = 18;
/** Rows fetched before they are needed. */
const AHEAD = 250;
/** After scrolling has paused for so long, the scroll bar is put where the rows are. */
const IDLE_MS = 150;

/** Where the view begins: so many pixels below the top of a row. */
interface IAnchor {
  row: number;
  offset: number;
}

export interface IVirtualRowsProps {
  count: number;
  /** Whether these rows can be drawn now. */
  has: (first: number, last: number) => boolean;
  /** Have rows fetched that will be drawn. */
  ensure: (first: number, last: number) => void;
  draw: (row: number) => JSX.Element;
  /** Heights are measured anew when this differs. */
  layout: string;
  isFollowing: boolean;
  setFollowing: (isFollowing: boolean) => void;
  /** A row to be brought into view whenever the object differs. */
  jump: { row: number } | null;
  /** Told the row at the top of the view. */
  onTop: (row: number) => void;
  label: string;
  className: string;
}

/**
 * A list of any number of rows of any height, of which those in view are drawn.
 *
 * The view is held by a row and an offset, not by pixels from the top: what lies above needs
 * no height. The scroll bar's place is a share of the rows; small movements of it are taken as
 * pixels, large ones as a jump. While rows are fetched the old ones stay, so none is blank.
 */
export function VirtualRows(props: IVirtualRowsProps): JSX.Element {
  const { count, isFollowing } = props;
  const scroller = React.useRef<HTMLDivElement>(null);
  const body = React.useRef<HTMLDivElement>(null);
  const heights = React.useRef(new Map<number, number>());
  const average = React.useRef(ROW_PX);
  const wanted = React.useRef<IAnchor>({ row: 0, offset: 0 });
  const shown = React.useRef<IAnchor>({ row: 0, offset: 0 });
  const lastTop = React.useRef(0);
  const idle = React.useRef<number>();
  const following = React.useRef(isFollowing);
  const [viewHeight, setViewHeight] = React.useState(400);
  const [, setTick] = React.useState(0);
  const redraw = () => setTick(tick => tick + 1);

  const fitting = Math.ceil(viewHeight / ROW_PX) + OVERSCAN;
  const heightOf = (row: number) => heights.current.get(row) ?? average.current;
  const full = Math.min(HIGHEST, Math.max(count * average.current, viewHeight));

  /** First and last row to be drawn around an anchor. */
  const range = (anchor: IAnchor): [number, number] => [
    Math.max(0, anchor.row - OVERSCAN),
    Math.min(count - 1, anchor.row + fitting)
  ];
  const end = (): IAnchor => ({ row: Math.max(0, count - fitting), offset: 0 });

  const move = (pixels: number) => {
    let { row, offset } = wanted.current;
    offset += pixels;
    while (offset >= heightOf(row) && row < count - 1) {
      offset -= heightOf(row);
      row += 1;
    }
    while (offset < 0 && row > 0) {
      row -= 1;
      offset += heightOf(row);
    }
    wanted.current = { row, offset: Math.max(0, offset) };
  };

  /** Put the scroll bar where the rows are; this is not the user's doing. */
  const settle = () => {
    const node = scroller.current;
    if (!node) {
      return;
    }
    if (node.scrollTop !== lastTop.current) {
      return; // the user is on the way already
    }
    const most = node.scrollHeight - node.clientHeight;
    const { row, offset } = wanted.current;
    const share = (row + offset / heightOf(row)) / Math.max(1, count);
    const atTop = row === 0 && offset <= 0;
    const top = following.current
      ? most
      : atTop
        ? 0
        : Math.min(Math.max(1, share * node.scrollHeight), most - 1);
    if (Math.abs(top - node.scrollTop) > 1) {
      node.scrollTop = top;
    }
    lastTop.current = node.scrollTop;
  };

  const onScroll = () => {
    const node = scroller.current!;
    const moved = node.scrollTop - lastTop.current;
    if (moved === 0) {
      return;
    }
    lastTop.current = node.scrollTop;
    const most = node.scrollHeight - node.clientHeight;
    if (Math.abs(moved) > 1.5 * viewHeight) {
      wanted.current =
        node.scrollTop >= most - 1
          ? end()
          : {
              row: Math.min(
                count - 1,
                Math.floor((node.scrollTop / node.scrollHeight) * count)
              ),
              offset: 0
            };
    } else {
      move(moved);
    }
    if (node.scrollTop <= 0 && Math.abs(moved) > 1.5 * viewHeight) {
      wanted.current = { row: 0, offset: 0 };
    }
    // A list that got shorter is scrolled by the browser, and its end is still the end.
    const isAtEnd =
      node.scrollTop >= most - 1 && (moved > 0 || following.current);
    props.setFollowing(isAtEnd && wanted.current.row + fitting >= count - 1);
    window.clearTimeout(idle.current);
    idle.current = window.setTimeout(settle, IDLE_MS);
    redraw();
  };

  /** The browser's own way there is a glide, whose last steps would be taken as pixels. */
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === 'End') {
      props.setFollowing(true);
    } else if (event.key === 'Home') {
      const node = scroller.current!;
      wanted.current = { row: 0, offset: 0 };
      node.scrollTop = lastTop.current = 0;
      props.setFollowing(false);
    } else {
      return;
    }
    event.preventDefault();
    redraw();
  };

  React.useLayoutEffect(() => {
    heights.current.clear();
  }, [props.layout]);

  React.useLayoutEffect(() => {
    const node = scroller.current!;
    const observer = new ResizeObserver(() => {
      heights.current.clear();
      setViewHeight(node.clientHeight);
    });
    observer.observe(node);
    return () => {
      observer.disconnect();
      window.clearTimeout(idle.current);
    };
  }, []);

  // What is drawn now; the refs follow once it is.
  const aim = isFollowing ? end() : wanted.current;
  const next = {
    row: Math.max(0, Math.min(aim.row, count - 1)),
    offset: aim.offset
  };
  const nextRange = range(next);
  const isReady = count === 0 || props.has(...nextRange);
  const drawn = isReady ? next : shown.current;
  const [first, last] = range(drawn);
  const rows: JSX.Element[] = [];
  for (let row = first; row <= last; row++) {
    if (props.has(row, row)) {
      rows.push(
        <div key={row} data-row={row} className="jp-sm-Rows-row">
          {props.draw(row)}
        </div>
      );
    }
  }

  React.useEffect(() => {
    if (count > 0) {
      // What is looked at comes first: after a jump nothing else is asked for until it is there.
      const ahead = isReady ? AHEAD : 0;
      props.ensure(nextRange[0] - ahead, nextRange[1] + ahead);
    }
  });

  React.useLayoutEffect(() => {
    following.current = isFollowing;
    wanted.current = next;
    shown.current = drawn;
    const node = body.current!;
    let above = 0;
    let all = 0;
    for (const child of Array.from(node.children) as HTMLElement[]) {
      const row = Number(child.dataset.row);
      const height = child.getBoundingClientRect().height;
      heights.current.set(row, height);
      above += row < shown.current.row ? height : 0;
      all += height;
    }
    if (node.children.length > 0) {
      average.current = Math.max(8, all / node.children.length);
    }
    const bottom = Math.max(0, all - viewHeight);
    let from = above + shown.current.offset;
    if (isFollowing || (last >= count - 1 && from > bottom)) {
      // The last row stands at the bottom, and no lower.
      from = bottom;
      const before = wanted.current;
      shown.current = { row: first, offset: 0 };
      wanted.current = shown.current;
      move(bottom);
      shown.current = { ...wanted.current };
      if (!isReady) {
        wanted.current = before;
      }
    }
    node.style.transform = `translateY(${-from}px)`;
    props.onTop(shown.current.row);
    if (isFollowing) {
      settle();
    }
  });

  // After the rows were measured, which would take the view back to where it was.
  React.useLayoutEffect(() => {
    if (props.jump) {
      const row = Math.min(props.jump.row, count - 1);
      // Some rows above it, so that what led to it is seen too.
      wanted.current = { row: Math.max(0, row - 3), offset: 0 };
      props.setFollowing(false);
      redraw();
    }
  }, [props.jump]);

  return (
    <div
      ref={scroller}
      className={`jp-sm-Rows ${props.className}`}
      onScroll={onScroll}
      onKeyDown={onKeyDown}
      role="log"
      aria-live="off"
      aria-label={props.label}
      tabIndex={0}
    >
      <div style={{ height: full }}>
        <div className="jp-sm-Rows-view" style={{ height: viewHeight }}>
          <div className="jp-sm-Rows-body" ref={body}>
            {rows}
          </div>
        </div>
      </div>
    </div>
  );
}
