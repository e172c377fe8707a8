import { BroadcastChannel } from 'node:worker_threads';

/** Put a question to the worker threads of a run, on the channel of their worker file, and wait for each one's answer. */
export async function askWorkers<Answer extends { readonly worker: number }>(
  channelName: string,
  workers: number,
  question: string,
): Promise<Answer[]> {
  const answers = new Map<number, Answer>();
  const channel = new BroadcastChannel(channelName);
  try {
    await new Promise<void>((resolve) => {
      channel.onmessage = (message: unknown) => {
        const answer = (message as { data: Answer }).data;
        answers.set(answer.worker, answer);
        if (answers.size === workers) resolve();
      };
      channel.postMessage(question);
    });
  } finally {
    channel.close();
  }
  return [...answers.values()];
}
