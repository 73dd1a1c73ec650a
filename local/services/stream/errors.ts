/** An error in DynamoDB's format. */
export class DynamoDbError extends Error {
  constructor(
    readonly type: string,
    message: string,
  ) {
    super(message);
  }
}

export function validationError(message: string): DynamoDbError {
  return new DynamoDbError('ValidationException', message);
}

export function resourceNotFound(resource: string): DynamoDbError {
  return new DynamoDbError('ResourceNotFoundException', `Requested resource not found: ${resource}`);
}
