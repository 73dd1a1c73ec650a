import type { Client } from 'tencentcloud-sdk-nodejs-vod/tencentcloud/services/vod/v20180717/vod_client';

type Action =
  'PullEvents' | 'ConfirmEvents' | 'SearchMedia' | 'DescribeMediaInfos' | 'DescribeTasks' | 'DescribeTaskDetail';

export type VodApi = { readonly [A in Action]: (request: Parameters<Client[A]>[0]) => ReturnType<Client[A]> };
