import type { IJobActions } from '../actions';

/** Actions that do nothing but note that they were called. */
export function fakeActions(): jest.Mocked<IJobActions> {
  return {
    open: jest.fn(),
    stop: jest.fn(),
    runAgain: jest.fn(),
    copyName: jest.fn(),
    openSource: jest.fn(),
    removeTarget: jest.fn(),
    showMenu: jest.fn()
  };
}
