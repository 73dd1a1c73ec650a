// Made by `npm run generate` from lib/vod/schemas.ts: do not edit.
"use strict";
exports.signatureParameters = validate10;
const schema11 = {"type":"object","additionalProperties":false,"required":["secretId","currentTimeStamp","expireTime","random"],"properties":{"secretId":{"type":"string","minLength":1,"wellFormed":true},"currentTimeStamp":{"type":"integer","minimum":1,"maximum":9007199254740991},"expireTime":{"type":"integer","minimum":1,"maximum":9007199254740991},"random":{"type":"integer","minimum":0,"maximum":4294967295},"classId":{"type":"integer","minimum":0,"maximum":9007199254740991},"procedure":{"type":"string","minLength":1,"wellFormed":true},"taskPriority":{"type":"integer","minimum":-10,"maximum":10},"taskNotifyMode":{"enum":["Finish","Change","None"]},"sourceContext":{"type":"string","maxBytes":250,"wellFormed":true},"oneTimeValid":{"enum":[0,1]},"vodSubAppId":{"type":"integer","minimum":0,"maximum":9007199254740991},"sessionContext":{"type":"string","maxLength":1000,"maxBytes":2048,"wellFormed":true},"storageRegion":{"type":"string","minLength":1,"wellFormed":true}}};
const func2 = Object.prototype.hasOwnProperty;
const func3 = require("ajv/dist/runtime/ucs2length").default;

function validate10(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if(data.secretId === undefined){
const err0 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "secretId"},message:"must have required property '"+"secretId"+"'"};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(data.currentTimeStamp === undefined){
const err1 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "currentTimeStamp"},message:"must have required property '"+"currentTimeStamp"+"'"};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data.expireTime === undefined){
const err2 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "expireTime"},message:"must have required property '"+"expireTime"+"'"};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
if(data.random === undefined){
const err3 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "random"},message:"must have required property '"+"random"+"'"};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
for(const key0 in data){
if(!(func2.call(schema11.properties, key0))){
const err4 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
if(data.secretId !== undefined){
let data0 = data.secretId;
if(typeof data0 === "string"){
if(func3(data0) < 1){
const err5 = {instancePath:instancePath+"/secretId",schemaPath:"#/properties/secretId/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
if(!data0.isWellFormed()){
const err6 = {instancePath:instancePath+"/secretId",schemaPath:"#/properties/secretId/wellFormed",keyword:"wellFormed",params:{},message:"must be well-formed Unicode"};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
}
else {
const err7 = {instancePath:instancePath+"/secretId",schemaPath:"#/properties/secretId/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
if(data.currentTimeStamp !== undefined){
let data1 = data.currentTimeStamp;
if(!(((typeof data1 == "number") && (!(data1 % 1) && !isNaN(data1))) && (isFinite(data1)))){
const err8 = {instancePath:instancePath+"/currentTimeStamp",schemaPath:"#/properties/currentTimeStamp/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
if((typeof data1 == "number") && (isFinite(data1))){
if(data1 > 9007199254740991 || isNaN(data1)){
const err9 = {instancePath:instancePath+"/currentTimeStamp",schemaPath:"#/properties/currentTimeStamp/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
if(data1 < 1 || isNaN(data1)){
const err10 = {instancePath:instancePath+"/currentTimeStamp",schemaPath:"#/properties/currentTimeStamp/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
}
}
if(data.expireTime !== undefined){
let data2 = data.expireTime;
if(!(((typeof data2 == "number") && (!(data2 % 1) && !isNaN(data2))) && (isFinite(data2)))){
const err11 = {instancePath:instancePath+"/expireTime",schemaPath:"#/properties/expireTime/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
if((typeof data2 == "number") && (isFinite(data2))){
if(data2 > 9007199254740991 || isNaN(data2)){
const err12 = {instancePath:instancePath+"/expireTime",schemaPath:"#/properties/expireTime/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
if(data2 < 1 || isNaN(data2)){
const err13 = {instancePath:instancePath+"/expireTime",schemaPath:"#/properties/expireTime/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
}
}
if(data.random !== undefined){
let data3 = data.random;
if(!(((typeof data3 == "number") && (!(data3 % 1) && !isNaN(data3))) && (isFinite(data3)))){
const err14 = {instancePath:instancePath+"/random",schemaPath:"#/properties/random/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err14];
}
else {
vErrors.push(err14);
}
errors++;
}
if((typeof data3 == "number") && (isFinite(data3))){
if(data3 > 4294967295 || isNaN(data3)){
const err15 = {instancePath:instancePath+"/random",schemaPath:"#/properties/random/maximum",keyword:"maximum",params:{comparison: "<=", limit: 4294967295},message:"must be <= 4294967295"};
if(vErrors === null){
vErrors = [err15];
}
else {
vErrors.push(err15);
}
errors++;
}
if(data3 < 0 || isNaN(data3)){
const err16 = {instancePath:instancePath+"/random",schemaPath:"#/properties/random/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"};
if(vErrors === null){
vErrors = [err16];
}
else {
vErrors.push(err16);
}
errors++;
}
}
}
if(data.classId !== undefined){
let data4 = data.classId;
if(!(((typeof data4 == "number") && (!(data4 % 1) && !isNaN(data4))) && (isFinite(data4)))){
const err17 = {instancePath:instancePath+"/classId",schemaPath:"#/properties/classId/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err17];
}
else {
vErrors.push(err17);
}
errors++;
}
if((typeof data4 == "number") && (isFinite(data4))){
if(data4 > 9007199254740991 || isNaN(data4)){
const err18 = {instancePath:instancePath+"/classId",schemaPath:"#/properties/classId/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"};
if(vErrors === null){
vErrors = [err18];
}
else {
vErrors.push(err18);
}
errors++;
}
if(data4 < 0 || isNaN(data4)){
const err19 = {instancePath:instancePath+"/classId",schemaPath:"#/properties/classId/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"};
if(vErrors === null){
vErrors = [err19];
}
else {
vErrors.push(err19);
}
errors++;
}
}
}
if(data.procedure !== undefined){
let data5 = data.procedure;
if(typeof data5 === "string"){
if(func3(data5) < 1){
const err20 = {instancePath:instancePath+"/procedure",schemaPath:"#/properties/procedure/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err20];
}
else {
vErrors.push(err20);
}
errors++;
}
if(!data5.isWellFormed()){
const err21 = {instancePath:instancePath+"/procedure",schemaPath:"#/properties/procedure/wellFormed",keyword:"wellFormed",params:{},message:"must be well-formed Unicode"};
if(vErrors === null){
vErrors = [err21];
}
else {
vErrors.push(err21);
}
errors++;
}
}
else {
const err22 = {instancePath:instancePath+"/procedure",schemaPath:"#/properties/procedure/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err22];
}
else {
vErrors.push(err22);
}
errors++;
}
}
if(data.taskPriority !== undefined){
let data6 = data.taskPriority;
if(!(((typeof data6 == "number") && (!(data6 % 1) && !isNaN(data6))) && (isFinite(data6)))){
const err23 = {instancePath:instancePath+"/taskPriority",schemaPath:"#/properties/taskPriority/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err23];
}
else {
vErrors.push(err23);
}
errors++;
}
if((typeof data6 == "number") && (isFinite(data6))){
if(data6 > 10 || isNaN(data6)){
const err24 = {instancePath:instancePath+"/taskPriority",schemaPath:"#/properties/taskPriority/maximum",keyword:"maximum",params:{comparison: "<=", limit: 10},message:"must be <= 10"};
if(vErrors === null){
vErrors = [err24];
}
else {
vErrors.push(err24);
}
errors++;
}
if(data6 < -10 || isNaN(data6)){
const err25 = {instancePath:instancePath+"/taskPriority",schemaPath:"#/properties/taskPriority/minimum",keyword:"minimum",params:{comparison: ">=", limit: -10},message:"must be >= -10"};
if(vErrors === null){
vErrors = [err25];
}
else {
vErrors.push(err25);
}
errors++;
}
}
}
if(data.taskNotifyMode !== undefined){
let data7 = data.taskNotifyMode;
if(!(((data7 === "Finish") || (data7 === "Change")) || (data7 === "None"))){
const err26 = {instancePath:instancePath+"/taskNotifyMode",schemaPath:"#/properties/taskNotifyMode/enum",keyword:"enum",params:{allowedValues: schema11.properties.taskNotifyMode.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err26];
}
else {
vErrors.push(err26);
}
errors++;
}
}
if(data.sourceContext !== undefined){
let data8 = data.sourceContext;
if(typeof data8 === "string"){
if(Buffer.byteLength(data8) > 250){
const err27 = {instancePath:instancePath+"/sourceContext",schemaPath:"#/properties/sourceContext/maxBytes",keyword:"maxBytes",params:{},message:"must have at most 250 bytes"};
if(vErrors === null){
vErrors = [err27];
}
else {
vErrors.push(err27);
}
errors++;
}
if(!data8.isWellFormed()){
const err28 = {instancePath:instancePath+"/sourceContext",schemaPath:"#/properties/sourceContext/wellFormed",keyword:"wellFormed",params:{},message:"must be well-formed Unicode"};
if(vErrors === null){
vErrors = [err28];
}
else {
vErrors.push(err28);
}
errors++;
}
}
else {
const err29 = {instancePath:instancePath+"/sourceContext",schemaPath:"#/properties/sourceContext/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err29];
}
else {
vErrors.push(err29);
}
errors++;
}
}
if(data.oneTimeValid !== undefined){
let data9 = data.oneTimeValid;
if(!((data9 === 0) || (data9 === 1))){
const err30 = {instancePath:instancePath+"/oneTimeValid",schemaPath:"#/properties/oneTimeValid/enum",keyword:"enum",params:{allowedValues: schema11.properties.oneTimeValid.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err30];
}
else {
vErrors.push(err30);
}
errors++;
}
}
if(data.vodSubAppId !== undefined){
let data10 = data.vodSubAppId;
if(!(((typeof data10 == "number") && (!(data10 % 1) && !isNaN(data10))) && (isFinite(data10)))){
const err31 = {instancePath:instancePath+"/vodSubAppId",schemaPath:"#/properties/vodSubAppId/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err31];
}
else {
vErrors.push(err31);
}
errors++;
}
if((typeof data10 == "number") && (isFinite(data10))){
if(data10 > 9007199254740991 || isNaN(data10)){
const err32 = {instancePath:instancePath+"/vodSubAppId",schemaPath:"#/properties/vodSubAppId/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"};
if(vErrors === null){
vErrors = [err32];
}
else {
vErrors.push(err32);
}
errors++;
}
if(data10 < 0 || isNaN(data10)){
const err33 = {instancePath:instancePath+"/vodSubAppId",schemaPath:"#/properties/vodSubAppId/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"};
if(vErrors === null){
vErrors = [err33];
}
else {
vErrors.push(err33);
}
errors++;
}
}
}
if(data.sessionContext !== undefined){
let data11 = data.sessionContext;
if(typeof data11 === "string"){
if(func3(data11) > 1000){
const err34 = {instancePath:instancePath+"/sessionContext",schemaPath:"#/properties/sessionContext/maxLength",keyword:"maxLength",params:{limit: 1000},message:"must NOT have more than 1000 characters"};
if(vErrors === null){
vErrors = [err34];
}
else {
vErrors.push(err34);
}
errors++;
}
if(Buffer.byteLength(data11) > 2048){
const err35 = {instancePath:instancePath+"/sessionContext",schemaPath:"#/properties/sessionContext/maxBytes",keyword:"maxBytes",params:{},message:"must have at most 2048 bytes"};
if(vErrors === null){
vErrors = [err35];
}
else {
vErrors.push(err35);
}
errors++;
}
if(!data11.isWellFormed()){
const err36 = {instancePath:instancePath+"/sessionContext",schemaPath:"#/properties/sessionContext/wellFormed",keyword:"wellFormed",params:{},message:"must be well-formed Unicode"};
if(vErrors === null){
vErrors = [err36];
}
else {
vErrors.push(err36);
}
errors++;
}
}
else {
const err37 = {instancePath:instancePath+"/sessionContext",schemaPath:"#/properties/sessionContext/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err37];
}
else {
vErrors.push(err37);
}
errors++;
}
}
if(data.storageRegion !== undefined){
let data12 = data.storageRegion;
if(typeof data12 === "string"){
if(func3(data12) < 1){
const err38 = {instancePath:instancePath+"/storageRegion",schemaPath:"#/properties/storageRegion/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err38];
}
else {
vErrors.push(err38);
}
errors++;
}
if(!data12.isWellFormed()){
const err39 = {instancePath:instancePath+"/storageRegion",schemaPath:"#/properties/storageRegion/wellFormed",keyword:"wellFormed",params:{},message:"must be well-formed Unicode"};
if(vErrors === null){
vErrors = [err39];
}
else {
vErrors.push(err39);
}
errors++;
}
}
else {
const err40 = {instancePath:instancePath+"/storageRegion",schemaPath:"#/properties/storageRegion/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err40];
}
else {
vErrors.push(err40);
}
errors++;
}
}
}
else {
const err41 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err41];
}
else {
vErrors.push(err41);
}
errors++;
}
validate10.errors = vErrors;
return errors === 0;
}

exports.signatureRequest = validate11;
const schema12 = {"type":"object","additionalProperties":false,"properties":{"oneTimeValid":{"enum":[true,false,0,1]},"sourceContext":{"type":"string","wellFormed":true},"procedure":{"type":"string","minLength":1,"wellFormed":true},"taskPriority":{"type":"integer","minimum":-10,"maximum":10},"taskNotifyMode":{"enum":["Finish","Change","None"]},"sessionContext":{"type":"string","maxLength":1000,"maxBytes":2048,"wellFormed":true},"classId":{"type":"integer","minimum":0,"maximum":9007199254740991},"storageRegion":{"type":"string","minLength":1,"wellFormed":true},"validFor":{"type":"integer","minimum":1,"maximum":9007199254740991},"fileName":{"type":"string","minLength":1,"maxBytes":1024,"wellFormed":true},"fileSize":{"type":"integer","minimum":0,"maximum":9007199254740991}}};

function validate11(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
for(const key0 in data){
if(!(func2.call(schema12.properties, key0))){
const err0 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
}
if(data.oneTimeValid !== undefined){
let data0 = data.oneTimeValid;
if(!((((data0 === true) || (data0 === false)) || (data0 === 0)) || (data0 === 1))){
const err1 = {instancePath:instancePath+"/oneTimeValid",schemaPath:"#/properties/oneTimeValid/enum",keyword:"enum",params:{allowedValues: schema12.properties.oneTimeValid.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
}
if(data.sourceContext !== undefined){
let data1 = data.sourceContext;
if(typeof data1 === "string"){
if(!data1.isWellFormed()){
const err2 = {instancePath:instancePath+"/sourceContext",schemaPath:"#/properties/sourceContext/wellFormed",keyword:"wellFormed",params:{},message:"must be well-formed Unicode"};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
else {
const err3 = {instancePath:instancePath+"/sourceContext",schemaPath:"#/properties/sourceContext/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
if(data.procedure !== undefined){
let data2 = data.procedure;
if(typeof data2 === "string"){
if(func3(data2) < 1){
const err4 = {instancePath:instancePath+"/procedure",schemaPath:"#/properties/procedure/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
if(!data2.isWellFormed()){
const err5 = {instancePath:instancePath+"/procedure",schemaPath:"#/properties/procedure/wellFormed",keyword:"wellFormed",params:{},message:"must be well-formed Unicode"};
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
const err6 = {instancePath:instancePath+"/procedure",schemaPath:"#/properties/procedure/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
}
if(data.taskPriority !== undefined){
let data3 = data.taskPriority;
if(!(((typeof data3 == "number") && (!(data3 % 1) && !isNaN(data3))) && (isFinite(data3)))){
const err7 = {instancePath:instancePath+"/taskPriority",schemaPath:"#/properties/taskPriority/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
if((typeof data3 == "number") && (isFinite(data3))){
if(data3 > 10 || isNaN(data3)){
const err8 = {instancePath:instancePath+"/taskPriority",schemaPath:"#/properties/taskPriority/maximum",keyword:"maximum",params:{comparison: "<=", limit: 10},message:"must be <= 10"};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
if(data3 < -10 || isNaN(data3)){
const err9 = {instancePath:instancePath+"/taskPriority",schemaPath:"#/properties/taskPriority/minimum",keyword:"minimum",params:{comparison: ">=", limit: -10},message:"must be >= -10"};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
}
}
if(data.taskNotifyMode !== undefined){
let data4 = data.taskNotifyMode;
if(!(((data4 === "Finish") || (data4 === "Change")) || (data4 === "None"))){
const err10 = {instancePath:instancePath+"/taskNotifyMode",schemaPath:"#/properties/taskNotifyMode/enum",keyword:"enum",params:{allowedValues: schema12.properties.taskNotifyMode.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
}
if(data.sessionContext !== undefined){
let data5 = data.sessionContext;
if(typeof data5 === "string"){
if(func3(data5) > 1000){
const err11 = {instancePath:instancePath+"/sessionContext",schemaPath:"#/properties/sessionContext/maxLength",keyword:"maxLength",params:{limit: 1000},message:"must NOT have more than 1000 characters"};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
if(Buffer.byteLength(data5) > 2048){
const err12 = {instancePath:instancePath+"/sessionContext",schemaPath:"#/properties/sessionContext/maxBytes",keyword:"maxBytes",params:{},message:"must have at most 2048 bytes"};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
if(!data5.isWellFormed()){
const err13 = {instancePath:instancePath+"/sessionContext",schemaPath:"#/properties/sessionContext/wellFormed",keyword:"wellFormed",params:{},message:"must be well-formed Unicode"};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
}
else {
const err14 = {instancePath:instancePath+"/sessionContext",schemaPath:"#/properties/sessionContext/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err14];
}
else {
vErrors.push(err14);
}
errors++;
}
}
if(data.classId !== undefined){
let data6 = data.classId;
if(!(((typeof data6 == "number") && (!(data6 % 1) && !isNaN(data6))) && (isFinite(data6)))){
const err15 = {instancePath:instancePath+"/classId",schemaPath:"#/properties/classId/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err15];
}
else {
vErrors.push(err15);
}
errors++;
}
if((typeof data6 == "number") && (isFinite(data6))){
if(data6 > 9007199254740991 || isNaN(data6)){
const err16 = {instancePath:instancePath+"/classId",schemaPath:"#/properties/classId/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"};
if(vErrors === null){
vErrors = [err16];
}
else {
vErrors.push(err16);
}
errors++;
}
if(data6 < 0 || isNaN(data6)){
const err17 = {instancePath:instancePath+"/classId",schemaPath:"#/properties/classId/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"};
if(vErrors === null){
vErrors = [err17];
}
else {
vErrors.push(err17);
}
errors++;
}
}
}
if(data.storageRegion !== undefined){
let data7 = data.storageRegion;
if(typeof data7 === "string"){
if(func3(data7) < 1){
const err18 = {instancePath:instancePath+"/storageRegion",schemaPath:"#/properties/storageRegion/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err18];
}
else {
vErrors.push(err18);
}
errors++;
}
if(!data7.isWellFormed()){
const err19 = {instancePath:instancePath+"/storageRegion",schemaPath:"#/properties/storageRegion/wellFormed",keyword:"wellFormed",params:{},message:"must be well-formed Unicode"};
if(vErrors === null){
vErrors = [err19];
}
else {
vErrors.push(err19);
}
errors++;
}
}
else {
const err20 = {instancePath:instancePath+"/storageRegion",schemaPath:"#/properties/storageRegion/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err20];
}
else {
vErrors.push(err20);
}
errors++;
}
}
if(data.validFor !== undefined){
let data8 = data.validFor;
if(!(((typeof data8 == "number") && (!(data8 % 1) && !isNaN(data8))) && (isFinite(data8)))){
const err21 = {instancePath:instancePath+"/validFor",schemaPath:"#/properties/validFor/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err21];
}
else {
vErrors.push(err21);
}
errors++;
}
if((typeof data8 == "number") && (isFinite(data8))){
if(data8 > 9007199254740991 || isNaN(data8)){
const err22 = {instancePath:instancePath+"/validFor",schemaPath:"#/properties/validFor/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"};
if(vErrors === null){
vErrors = [err22];
}
else {
vErrors.push(err22);
}
errors++;
}
if(data8 < 1 || isNaN(data8)){
const err23 = {instancePath:instancePath+"/validFor",schemaPath:"#/properties/validFor/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"};
if(vErrors === null){
vErrors = [err23];
}
else {
vErrors.push(err23);
}
errors++;
}
}
}
if(data.fileName !== undefined){
let data9 = data.fileName;
if(typeof data9 === "string"){
if(func3(data9) < 1){
const err24 = {instancePath:instancePath+"/fileName",schemaPath:"#/properties/fileName/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err24];
}
else {
vErrors.push(err24);
}
errors++;
}
if(Buffer.byteLength(data9) > 1024){
const err25 = {instancePath:instancePath+"/fileName",schemaPath:"#/properties/fileName/maxBytes",keyword:"maxBytes",params:{},message:"must have at most 1024 bytes"};
if(vErrors === null){
vErrors = [err25];
}
else {
vErrors.push(err25);
}
errors++;
}
if(!data9.isWellFormed()){
const err26 = {instancePath:instancePath+"/fileName",schemaPath:"#/properties/fileName/wellFormed",keyword:"wellFormed",params:{},message:"must be well-formed Unicode"};
if(vErrors === null){
vErrors = [err26];
}
else {
vErrors.push(err26);
}
errors++;
}
}
else {
const err27 = {instancePath:instancePath+"/fileName",schemaPath:"#/properties/fileName/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err27];
}
else {
vErrors.push(err27);
}
errors++;
}
}
if(data.fileSize !== undefined){
let data10 = data.fileSize;
if(!(((typeof data10 == "number") && (!(data10 % 1) && !isNaN(data10))) && (isFinite(data10)))){
const err28 = {instancePath:instancePath+"/fileSize",schemaPath:"#/properties/fileSize/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err28];
}
else {
vErrors.push(err28);
}
errors++;
}
if((typeof data10 == "number") && (isFinite(data10))){
if(data10 > 9007199254740991 || isNaN(data10)){
const err29 = {instancePath:instancePath+"/fileSize",schemaPath:"#/properties/fileSize/maximum",keyword:"maximum",params:{comparison: "<=", limit: 9007199254740991},message:"must be <= 9007199254740991"};
if(vErrors === null){
vErrors = [err29];
}
else {
vErrors.push(err29);
}
errors++;
}
if(data10 < 0 || isNaN(data10)){
const err30 = {instancePath:instancePath+"/fileSize",schemaPath:"#/properties/fileSize/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"};
if(vErrors === null){
vErrors = [err30];
}
else {
vErrors.push(err30);
}
errors++;
}
}
}
}
else {
const err31 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err31];
}
else {
vErrors.push(err31);
}
errors++;
}
validate11.errors = vErrors;
return errors === 0;
}

exports.keyPair = validate12;
const schema13 = {"type":"object","required":["secretId","secretKey"],"properties":{"secretId":{"type":"string","minLength":1,"wellFormed":true},"secretKey":{"type":"string","minLength":1,"wellFormed":true}}};

function validate12(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if(data.secretId === undefined){
const err0 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "secretId"},message:"must have required property '"+"secretId"+"'"};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(data.secretKey === undefined){
const err1 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "secretKey"},message:"must have required property '"+"secretKey"+"'"};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(data.secretId !== undefined){
let data0 = data.secretId;
if(typeof data0 === "string"){
if(func3(data0) < 1){
const err2 = {instancePath:instancePath+"/secretId",schemaPath:"#/properties/secretId/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
if(!data0.isWellFormed()){
const err3 = {instancePath:instancePath+"/secretId",schemaPath:"#/properties/secretId/wellFormed",keyword:"wellFormed",params:{},message:"must be well-formed Unicode"};
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
const err4 = {instancePath:instancePath+"/secretId",schemaPath:"#/properties/secretId/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
if(data.secretKey !== undefined){
let data1 = data.secretKey;
if(typeof data1 === "string"){
if(func3(data1) < 1){
const err5 = {instancePath:instancePath+"/secretKey",schemaPath:"#/properties/secretKey/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
if(!data1.isWellFormed()){
const err6 = {instancePath:instancePath+"/secretKey",schemaPath:"#/properties/secretKey/wellFormed",keyword:"wellFormed",params:{},message:"must be well-formed Unicode"};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
}
else {
const err7 = {instancePath:instancePath+"/secretKey",schemaPath:"#/properties/secretKey/type",keyword:"type",params:{type: "string"},message:"must be string"};
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
validate12.errors = vErrors;
return errors === 0;
}

