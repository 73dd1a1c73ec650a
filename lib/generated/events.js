// Made by `npm run generate` from lib/vod/schemas.ts: do not edit.
"use strict";
exports.fileEvent = validate10;
const schema11 = {"type":"object","required":["FileId"],"properties":{"FileId":{"type":"string","minLength":1,"maxBytes":64,"wellFormed":true},"TaskId":{"type":"string","minLength":1,"maxBytes":256,"wellFormed":true},"ProcedureTaskId":{"type":"string","minLength":1,"maxBytes":256,"wellFormed":true}}};
const func2 = require("ajv/dist/runtime/ucs2length").default;

function validate10(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if(data.FileId === undefined){
const err0 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "FileId"},message:"must have required property '"+"FileId"+"'"};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(data.FileId !== undefined){
let data0 = data.FileId;
if(typeof data0 === "string"){
if(func2(data0) < 1){
const err1 = {instancePath:instancePath+"/FileId",schemaPath:"#/properties/FileId/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(Buffer.byteLength(data0) > 64){
const err2 = {instancePath:instancePath+"/FileId",schemaPath:"#/properties/FileId/maxBytes",keyword:"maxBytes",params:{},message:"must have at most 64 bytes"};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
if(!data0.isWellFormed()){
const err3 = {instancePath:instancePath+"/FileId",schemaPath:"#/properties/FileId/wellFormed",keyword:"wellFormed",params:{},message:"must be well-formed Unicode"};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
else {
const err4 = {instancePath:instancePath+"/FileId",schemaPath:"#/properties/FileId/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
if(data.TaskId !== undefined){
let data1 = data.TaskId;
if(typeof data1 === "string"){
if(func2(data1) < 1){
const err5 = {instancePath:instancePath+"/TaskId",schemaPath:"#/properties/TaskId/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
if(Buffer.byteLength(data1) > 256){
const err6 = {instancePath:instancePath+"/TaskId",schemaPath:"#/properties/TaskId/maxBytes",keyword:"maxBytes",params:{},message:"must have at most 256 bytes"};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
if(!data1.isWellFormed()){
const err7 = {instancePath:instancePath+"/TaskId",schemaPath:"#/properties/TaskId/wellFormed",keyword:"wellFormed",params:{},message:"must be well-formed Unicode"};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
else {
const err8 = {instancePath:instancePath+"/TaskId",schemaPath:"#/properties/TaskId/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
}
if(data.ProcedureTaskId !== undefined){
let data2 = data.ProcedureTaskId;
if(typeof data2 === "string"){
if(func2(data2) < 1){
const err9 = {instancePath:instancePath+"/ProcedureTaskId",schemaPath:"#/properties/ProcedureTaskId/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
if(Buffer.byteLength(data2) > 256){
const err10 = {instancePath:instancePath+"/ProcedureTaskId",schemaPath:"#/properties/ProcedureTaskId/maxBytes",keyword:"maxBytes",params:{},message:"must have at most 256 bytes"};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
if(!data2.isWellFormed()){
const err11 = {instancePath:instancePath+"/ProcedureTaskId",schemaPath:"#/properties/ProcedureTaskId/wellFormed",keyword:"wellFormed",params:{},message:"must be well-formed Unicode"};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
}
else {
const err12 = {instancePath:instancePath+"/ProcedureTaskId",schemaPath:"#/properties/ProcedureTaskId/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
}
}
else {
const err13 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
validate10.errors = vErrors;
return errors === 0;
}

exports.filesEvent = validate11;
const schema12 = {"type":"object","required":["FileIdSet"],"properties":{"FileIdSet":{"type":"array","minItems":1,"maxItems":100,"items":{"type":"string","minLength":1,"maxBytes":64,"wellFormed":true}}}};

function validate11(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if(data.FileIdSet === undefined){
const err0 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "FileIdSet"},message:"must have required property '"+"FileIdSet"+"'"};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(data.FileIdSet !== undefined){
let data0 = data.FileIdSet;
if(Array.isArray(data0)){
if(data0.length > 100){
const err1 = {instancePath:instancePath+"/FileIdSet",schemaPath:"#/properties/FileIdSet/maxItems",keyword:"maxItems",params:{limit: 100},message:"must NOT have more than 100 items"};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data0.length < 1){
const err2 = {instancePath:instancePath+"/FileIdSet",schemaPath:"#/properties/FileIdSet/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
const len0 = data0.length;
for(let i0=0; i0<len0; i0++){
let data1 = data0[i0];
if(typeof data1 === "string"){
if(func2(data1) < 1){
const err3 = {instancePath:instancePath+"/FileIdSet/" + i0,schemaPath:"#/properties/FileIdSet/items/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
if(Buffer.byteLength(data1) > 64){
const err4 = {instancePath:instancePath+"/FileIdSet/" + i0,schemaPath:"#/properties/FileIdSet/items/maxBytes",keyword:"maxBytes",params:{},message:"must have at most 64 bytes"};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
if(!data1.isWellFormed()){
const err5 = {instancePath:instancePath+"/FileIdSet/" + i0,schemaPath:"#/properties/FileIdSet/items/wellFormed",keyword:"wellFormed",params:{},message:"must be well-formed Unicode"};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
else {
const err6 = {instancePath:instancePath+"/FileIdSet/" + i0,schemaPath:"#/properties/FileIdSet/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
}
}
else {
const err7 = {instancePath:instancePath+"/FileIdSet",schemaPath:"#/properties/FileIdSet/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
}
else {
const err8 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
validate11.errors = vErrors;
return errors === 0;
}

