// The cost of a process that does nothing.
export const handler = async () => ({ statusCode: 200, body: '' });
