const uploads = require('../../uploads');

const TEXTS = {
  waiting: '等待中',
  preparing: '准备中',
  uploading: '上传中',
  paused: '已暂停',
  finishing: '即将完成',
  processing: '处理中',
  ready: '已完成',
  failed: '处理失败',
  held: '待人工复审',
  rejected: '未通过',
  cancelled: '已取消',
  error: '出错',
};

const showError = ({ message, advice }) => wx.showModal({ title: message, content: advice, showCancel: false });
const toItem = ({ fileId, name, status }) => ({ fileId, name, text: TEXTS[status] });

/** 相同的只保留第一个：后一页可能与已显示的重复。 */
const removeRepeats = (all) =>
  all.filter(({ fileId }, index) => index === all.findIndex((each) => each.fileId === fileId));

/** 一个上传在界面上的样子。setData 只接受数据，所以上传对象本身放在 this.current 里。 */
function toRow({ file, snapshot }) {
  const { state, loaded, total, error } = snapshot;
  const isSending = ['waiting', 'preparing', 'uploading'].includes(state);
  return {
    name: file.name,
    text: error ? `${error.message}，${error.advice}` : TEXTS[state],
    percent: Math.floor((100 * loaded) / total),
    canPause: isSending,
    canResume: state === 'paused',
    canCancel: isSending || state === 'paused',
    canRetry: state === 'error',
  };
}

Page({
  data: { rows: [], items: [] },
  onLoad() {
    this.current = [];
    this.subscriptions = [];
    this.load().catch(showError);
  },
  onUnload() {
    for (const unsubscribe of this.subscriptions) unsubscribe();
  },
  onReachBottom() {
    if (this.cursor) this.load().catch(showError);
  },

  /** 读取用户自己的上传，最新的在前，每次一页。 */
  async load() {
    const page = await uploads.list({ limit: 20, cursor: this.cursor });
    this.cursor = page.cursor;
    this.setData({ items: removeRepeats([...this.data.items, ...page.uploads.map(toItem)]) });
  },
  async choose() {
    const { tempFiles } = await wx.chooseMedia({ count: 9, mediaType: ['video'] }).catch(() => ({ tempFiles: [] }));
    for (const file of tempFiles) {
      const extension = file.tempFilePath.split('.').pop();
      const upload = uploads.upload({ ...file, name: `视频${this.current.length + 1}.${extension}` });
      this.current.push(upload);
      this.subscriptions.push(upload.subscribe(() => this.render()));
      this.follow(upload);
    }
    this.render();
  },
  render() {
    this.setData({ rows: this.current.map(toRow) });
  },

  /** 得到最终状态后加入列表：后端的列表稍后才会包含它。出错原因已显示在上传那一行。 */
  async follow(upload) {
    const result = await upload.settled.catch(() => undefined);
    if (result) this.setData({ items: removeRepeats([toItem(result), ...this.data.items]) });
  },

  /** action 为 pause、resume、cancel 或 retry。 */
  control({ currentTarget }) {
    const { index, action } = currentTarget.dataset;
    const upload = this.current[index];
    upload[action]();
    if (action === 'retry') this.follow(upload);
    this.render();
  },

  remove({ currentTarget }) {
    const { id } = currentTarget.dataset;
    const mark = (item) => (item.fileId === id ? { ...item, text: '已申请删除' } : item);
    uploads.delete(id).then(() => this.setData({ items: this.data.items.map(mark) }), showError);
  },
});
