/** Every text of the page, in two languages. A text with something to fill in is a function. */
export const STRINGS = {
  en: {
    title: 'Upload to the VOD on this machine',
    subtitle: 'The functions, the table and a local VOD run here: no account, and nothing leaves this computer.',
    toCode: 'The code for your own app',
    language: 'Language',
    newUpload: 'New upload',
    user: 'User',
    userHint: 'Any name. It gets a token, as from your login.',
    userMissing: 'Enter a user.',
    dropTitle: 'Drop videos here',
    dropHint: 'or click to choose, one or several',
    noVideos: 'Choose at least one video first.',
    underWay: (names) => `Already uploading: ${names}. The SDK identifies an upload by the file's name and size.`,
    chosen: 'Chosen videos',
    remove: 'Remove',
    removeNamed: (name) => `Remove ${name}`,
    cover: 'Cover (optional, for each of the videos)',
    chooseCover: 'Choose an image',
    removeCover: 'Remove the cover',
    sourceContext: 'Source context (optional)',
    sourceContextHint: 'Your own text, such as an order number. It comes back in the row unchanged.',
    procedure: 'Procedure',
    noProcedure: 'None',
    otherProcedure: 'Name of another procedure',
    otherOption: 'Another one …',
    oneTimeValid: 'Signatures that work once',
    oneTimeValidHint: 'The local VOD then refuses a signature that was used before, as VOD does.',
    start: 'Start the upload',
    running: 'Uploads of this page',
    waiting: 'Waiting for its turn',
    preparing: 'Asking for a signature and a place to send to',
    resuming: 'Resuming an earlier upload, with the user and context that it began with',
    sending: ({ loaded, total, speed, remaining }) =>
      `${loaded} of ${total}${speed ? ` · ${speed}` : ''}${remaining ? ` · ${remaining} left` : ''}`,
    paused: ({ loaded, total }) => `Paused at ${loaded} of ${total}`,
    finishing: 'Committing the upload to VOD',
    done: (fileId) => `Uploaded as ${fileId}`,
    verifying: 'waiting for status ready',
    failed: 'Failed',
    cancelled: 'Cancelled',
    pause: 'Pause',
    resume: 'Resume',
    cancel: 'Cancel',
    again: 'Try again',
    dismiss: 'Dismiss',
    verbNamed: (verb, name) => `${verb}: ${name}`,
    progressOf: (name) => `Progress of ${name}`,
    announce: (name, what) => `${name}: ${what}`,
    rows: 'Rows in the table',
    empty: 'None so far. A row appears here as soon as VOD calls back.',
    rowCount: (count) => (count === 1 ? '1 row' : `${count} rows`),
    noAnswer: 'The local run does not answer. Is npm start still running?',
    more: (count) => `Show ${count} more`,
    status: {
      uploaded: 'uploaded',
      processing: 'processing',
      ready: 'ready',
      failed: 'failed',
      held: 'held for review',
      rejected: 'rejected',
      deleted: 'deleted',
    },
    seal: { valid: 'seal valid', none: 'no seal', broken: 'seal broken' },
    trust: { pushed: 'not verified yet', confirmed: 'confirmed by VOD', unknown: 'unknown to VOD' },
    unnamed: 'File without a name',
    uploader: 'Uploader',
    context: 'Source context',
    none: 'none',
    fileId: 'FileId',
    play: 'Play',
    stop: 'Close',
    cannotPlay: 'This browser cannot play this file.',
    taskOf: (id) => `Task ${id}`,
    taskState: (status, failed) => (failed ? `${status}, a sub-task failed` : status),
    outputs: 'Outputs',
    errors: 'Errors',
    everything: 'All attributes',
    copy: 'Copy',
    copied: 'Copied',
    code: 'In your own app',
    codeIntro:
      'This is all that your app adds to the SDK, with the choices above. On AWS use the URL of your deployment, and set CORS_ORIGINS to the origin of your app.',
    codeSign: 'getSignature',
    codeHosts: 'Try your app against this local VOD',
    codeHostsIntro:
      'The SDK has its hosts built in. This page maps them with the following lines, and your app can do the same during development. Remove them to use Tencent’s VOD.',
  },
  zh: {
    title: '上传到本机的点播服务',
    subtitle: '函数、数据表和一个本地 VOD 都在这台电脑上运行：无需账号，数据不会离开本机。',
    toCode: '您自己应用所需的代码',
    language: '语言',
    newUpload: '新建上传',
    user: '用户',
    userHint: '任意名称。它会得到一个令牌，如同您的登录系统签发的一样。',
    userMissing: '请填写上传的用户。',
    dropTitle: '将视频拖放到这里',
    dropHint: '或点击选择，可选一个或多个',
    noVideos: '请先选择至少一个视频。',
    underWay: (names) => `已在上传：${names}。SDK 以文件名和大小识别一次上传。`,
    chosen: '已选视频',
    remove: '移除',
    removeNamed: (name) => `移除 ${name}`,
    cover: '封面（可选，用于每个视频）',
    chooseCover: '选择图片',
    removeCover: '移除封面',
    sourceContext: '来源上下文（可选）',
    sourceContextHint: '您自己的透传文本，例如订单号，会原样出现在数据行中。',
    procedure: '任务流',
    noProcedure: '无',
    otherProcedure: '其他任务流的名称',
    otherOption: '其他……',
    oneTimeValid: '签名单次有效',
    oneTimeValidHint: '本地 VOD 会像真实的 VOD 一样，拒绝已经用过的签名。',
    start: '开始上传',
    running: '本页的上传',
    waiting: '等待中',
    preparing: '正在获取签名和上传地址',
    resuming: '继续之前未完成的上传，沿用当时的用户和上下文',
    sending: ({ loaded, total, speed, remaining }) =>
      `${loaded} / ${total}${speed ? ` · ${speed}` : ''}${remaining ? ` · 剩余 ${remaining}` : ''}`,
    paused: ({ loaded, total }) => `已暂停：${loaded} / ${total}`,
    finishing: '正在通知 VOD 上传完成',
    done: (fileId) => `已上传，FileId 为 ${fileId}`,
    verifying: '等待 status 变为 ready',
    failed: '失败',
    cancelled: '已取消',
    pause: '暂停',
    resume: '继续',
    cancel: '取消',
    again: '重试',
    dismiss: '关闭',
    verbNamed: (verb, name) => `${verb}：${name}`,
    progressOf: (name) => `${name} 的进度`,
    announce: (name, what) => `${name}：${what}`,
    rows: '数据表中的行',
    empty: '暂无。VOD 回调后，这里会立即出现一行。',
    rowCount: (count) => `共 ${count} 行`,
    noAnswer: '本地服务没有响应。npm start 还在运行吗？',
    more: (count) => `再显示 ${count} 行`,
    status: {
      uploaded: '已上传',
      processing: '处理中',
      ready: '就绪',
      failed: '处理失败',
      held: '待人工复审',
      rejected: '已拒绝',
      deleted: '已删除',
    },
    seal: { valid: '防篡改签名有效', none: '无防篡改签名', broken: '防篡改签名无效' },
    trust: { pushed: '待核实', confirmed: '已向点播核实', unknown: '点播中无此文件' },
    unnamed: '未命名文件',
    uploader: '上传者',
    context: '来源上下文',
    none: '无',
    fileId: 'FileId',
    play: '播放',
    stop: '关闭',
    cannotPlay: '此浏览器无法播放该文件。',
    taskOf: (id) => `任务 ${id}`,
    taskState: (status, failed) => (failed ? `${status}，有子任务失败` : status),
    outputs: '输出',
    errors: '错误',
    everything: '全部属性',
    copy: '复制',
    copied: '已复制',
    code: '用在您自己的应用中',
    codeIntro:
      '除 SDK 之外，您的应用只需要这些代码；其中已填入上面的选项。部署到 AWS 后，地址换成部署输出的地址，并在 CORS_ORIGINS 中写入您应用的来源。',
    codeSign: 'getSignature',
    codeHosts: '让您的应用连接这个本地 VOD',
    codeHostsIntro:
      'SDK 中写死了服务器域名。本页用下面几行代码映射它们，您的应用在开发时也可以这样做。连接腾讯云 VOD 时请去掉。',
  },
};

/** @typedef {keyof typeof STRINGS} Language */

let current = initialLanguage();

/** The language in use, also as a locale. */
export function language() {
  return current;
}

/** The words in that language. */
export function words() {
  return STRINGS[current];
}

/** @param {Language} chosen */
export function choose(chosen) {
  current = chosen;
  localStorage.setItem('language', chosen);
}

/** The language that was chosen here before, else the browser's. */
function initialLanguage() {
  if (typeof navigator === 'undefined' || typeof localStorage === 'undefined') return 'en';
  const stored = localStorage.getItem('language');
  if (stored === 'en' || stored === 'zh') return stored;
  return navigator.language.startsWith('zh') ? 'zh' : 'en';
}
