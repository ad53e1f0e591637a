import { FakeClient } from '../../__tests__/fakeClient';
import { job } from '../../__tests__/fakeJob';
import { RequestModel } from '../request';

describe('RequestModel', () => {
  let client: FakeClient;
  let request: RequestModel;

  const settle = () => new Promise(resolve => setTimeout(resolve));

  beforeEach(() => {
    client = new FakeClient();
  });

  afterEach(() => request.dispose());

  it('asks once and tells when the answer is there', async () => {
    client.parameters.set('digits', { rate: '0.1' });
    request = new RequestModel(client, job());
    let changes = 0;
    request.changed.connect(() => changes++);
    expect([request.isLoaded, request.request]).toEqual([false, null]);
    await settle();
    expect(request.isLoaded).toBe(true);
    expect(request.request).toEqual({ HyperParameters: { rate: '0.1' } });
    expect(request.error).toBeNull();
    expect([client.asked, changes]).toEqual([['request digits'], 1]);
  });

  it('tells why there is none', async () => {
    client.isDown = true;
    request = new RequestModel(client, job());
    await settle();
    expect([request.isLoaded, request.request]).toEqual([true, null]);
    expect(request.error).toBe('server away');
  });

  it('tells nothing once it is disposed', async () => {
    request = new RequestModel(client, job());
    let changes = 0;
    request.changed.connect(() => changes++);
    request.dispose();
    await settle();
    expect([request.isDisposed, changes]).toEqual([true, 0]);
  });
});
