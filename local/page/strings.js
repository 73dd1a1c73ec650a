/** Every word of the page, in two languages. A text with something to fill in is a function. */
export const STRINGS = {
  en: {
    title: 'Upload to the VOD on this machine',
    subtitle: 'The functions, the table and a local VOD run here: no account, and nothing leaves this computer.',
    toCode: 'The code for your own app',
    language: 'Language',
    newUpload: 'New upload',
    user: 'User',
    userHint: 'Any name. It gets a token as your login would give it.',
    userMissing: 'Say who uploads.',
    dropTitle: 'Drop videos here',
    dropHint: 'or click to choose, one or several',
    noVideos: 'Choose at least one video first.',
    underWay: (names) => `Under way already: ${names}. The SDK knows an upload by its file's name and size.`,
    chosen: 'Chosen videos',
    remove: 'Remove',
    removeNamed: (name) => `Remove ${name}`,
    cover: 'Cover (optional, for each of the videos)',
    chooseCover: 'Choose an image',
    removeCover: 'Remove the cover',
    sourceContext: 'Source context (optional)',
    sourceContextHint: 'Your own text, an order number say. It comes back in the row as it was.',
    procedure: 'Procedure',
    noProcedure: 'None',
    otherProcedure: 'Name of another procedure',
    otherOption: 'Another one …',
    oneTimeValid: 'Signatures that work once',
    oneTimeValidHint: 'The local VOD then refuses a signature that it has seen before, as the real one does.',
    start: 'Start the upload',
    running: 'Uploads of this page',
    waiting: 'Waiting for its turn',
    preparing: 'Asking for a signature and a place to send to',
    resuming: 'Going on with an upload that was begun before, with the user and context of then',
    sending: ({ loaded, total, speed, remaining }) =>
      `${loaded} of ${total}${speed ? ` · ${speed}` : ''}${remaining ? ` · ${remaining} left` : ''}`,
    paused: ({ loaded, total }) => `Paused at ${loaded} of ${total}`,
    finishing: 'Telling VOD that all of it is there',
    done: (fileId) => `Uploaded as ${fileId}`,
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
    empty: 'None so far. A row appears here as soon as VOD has called back.',
    rowCount: (count) => (count === 1 ? '1 row' : `${count} rows`),
    noAnswer: 'The local run does not answer. Is npm start still running?',
    more: (count) => `Show ${count} more`,
    status: { uploaded: 'uploaded', processing: 'processing', ready: 'ready', failed: 'failed', deleted: 'deleted' },
    seal: { valid: 'seal valid', none: 'no seal', broken: 'seal broken' },
    trust: (trust) => (trust === 'pushed' ? 'pushed by VOD' : `trust: ${trust}`),
    unnamed: 'File without a name',
    uploader: 'Uploader',
    context: 'Source context',
    none: 'none',
    fileId: 'FileId',
    play: 'Play',
    stop: 'Close',
    cannotPlay: 'This browser cannot play this file.',
    taskOf: (id) => `Task ${id}`,
    taskState: (status, bad) => (bad ? `${status}, a sub-task failed` : status),
    outputs: 'Outputs',
    errors: 'Errors',
    claims: 'Another event said this differently. VOD does not contradict itself: look before you trust this row.',
    everything: 'All attributes',
    copy: 'Copy',
    copied: 'Copied',
    code: 'In your own app',
    codeIntro:
      'This is all that your app adds to the SDK, with what is chosen above. On AWS the address is that of your deployment, and CORS_ORIGINS names the origin of your app.',
    codeSign: 'getSignature',
    codeHosts: 'Try your app against this local VOD',
    codeHostsIntro:
      'The hosts are written into the SDK. This page maps them with the following lines, and so can your app while you develop it. Against Tencent’s VOD leave them out.',
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
    sourceContextHint: '您自己的文本，例如订单号。它会原样出现在数据行中。',
    procedure: '任务流',
    noProcedure: '无',
    otherProcedure: '其他任务流的名称',
    otherOption: '其他……',
    oneTimeValid: '签名仅一次有效',
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
    status: { uploaded: '已上传', processing: '处理中', ready: '就绪', failed: '失败', deleted: '已删除' },
    seal: { valid: '封印有效', none: '无封印', broken: '封印损坏' },
    trust: (trust) => (trust === 'pushed' ? '由 VOD 推送' : `可信度：${trust}`),
    unnamed: '未命名文件',
    uploader: '上传者',
    context: '来源上下文',
    none: '无',
    fileId: 'FileId',
    play: '播放',
    stop: '关闭',
    cannotPlay: '此浏览器无法播放该文件。',
    taskOf: (id) => `任务 ${id}`,
    taskState: (status, bad) => (bad ? `${status}，有子任务失败` : status),
    outputs: '输出',
    errors: '错误',
    claims: '另一个事件的说法不同。VOD 不会自相矛盾：在信任这一行之前请先核实。',
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

let current = first();

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

/** The one that was chosen here before, else the browser's. */
function first() {
  if (typeof navigator === 'undefined' || typeof localStorage === 'undefined') return 'en';
  const kept = localStorage.getItem('language');
  if (kept === 'en' || kept === 'zh') return kept;
  return navigator.language.startsWith('zh') ? 'zh' : 'en';
}
