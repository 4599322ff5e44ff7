//! What each program answers when it is asked for what it has, in its own form, with everything
//! around it that an adapter asks for before. The listing itself can be exchanged, so that hostile
//! tests mangle it and nothing else.

use serde_json::Value;
use shelfread_domain::download::ClientKind;
use shelfread_testkit::wire::{Reply, Request};

/// A program that has two transfers.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub kind: ClientKind,
    /// The body of its listing.
    pub listing: &'static str,
    /// Where the transfers are in it, as a JSON pointer.
    pub entries: &'static str,
    /// The listing in the right place, and what else it answers.
    answer: fn(&Request, Reply) -> Reply,
}

impl Sample {
    /// What it answers with this listing.
    pub fn answer(&self, request: &Request, listing: Reply) -> Reply {
        (self.answer)(request, listing)
    }
}

fn asks(request: &Request, what: &str) -> bool {
    String::from_utf8_lossy(&request.body).contains(what)
}

pub const SAMPLES: &[Sample] = &[
    #[cfg(feature = "transmission")]
    Sample {
        kind: ClientKind::Transmission,
        listing: r#"{"arguments":{"torrents":[
            {"hashString":"dbc6a19a11fc1584000912f2f5031106a6fe2537","name":"Heat.1995","status":4,
             "error":2,"errorString":"unregistered","isStalled":false,"percentDone":0.5,
             "metadataPercentComplete":1,"sizeWhenDone":8000,"leftUntilDone":4000,"rateDownload":7,
             "rateUpload":0,"eta":571,"uploadRatio":0.25,"labels":["films"],"downloadDir":"/dl",
             "addedDate":1795223813,"doneDate":0},
            {"hashString":"0123456789abcdef0123456789abcdef01234567","name":"Ran.1985","status":6,
             "error":0,"errorString":"","isStalled":true,"percentDone":1,
             "metadataPercentComplete":1,"sizeWhenDone":9000,"leftUntilDone":0,"rateDownload":0,
             "rateUpload":3,"eta":-1,"uploadRatio":2.5,"labels":[],"downloadDir":"/dl",
             "addedDate":1795223700,"doneDate":1795223800}]},"result":"success"}"#,
        entries: "/arguments/torrents",
        answer: |request, listing| match request.header("x-transmission-session-id") {
            None => Reply::status(409).header("X-Transmission-Session-Id", "fresh"),
            Some(_) => listing,
        },
    },
    #[cfg(feature = "qbittorrent")]
    Sample {
        kind: ClientKind::Qbittorrent,
        listing: r#"[
            {"hash":"dbc6a19a11fc1584000912f2f5031106a6fe2537","name":"Heat.1995","state":"downloading",
             "progress":0.5,"size":8000,"amount_left":4000,"dlspeed":7,"upspeed":0,"eta":571,
             "ratio":0.25,"category":"films","tags":"","save_path":"/dl","added_on":1795223813,
             "content_path":"/dl/Heat.1995","completion_on":-1},
            {"hash":"0123456789abcdef0123456789abcdef01234567","name":"Ran.1985","state":"stalledUP",
             "progress":1,"size":9000,"amount_left":0,"dlspeed":0,"upspeed":3,"eta":8640000,
             "ratio":2.5,"category":"","tags":"a, b","save_path":"/dl","added_on":1795223700,
             "content_path":"/dl/Ran.1985","completion_on":1795223800}]"#,
        entries: "",
        answer: |request, listing| match request.path.rsplit('/').next() {
            Some("webapiVersion") => Reply::body("text/plain", "2.11.4"),
            _ => listing,
        },
    },
    #[cfg(feature = "deluge")]
    Sample {
        kind: ClientKind::Deluge,
        listing: r#"{"result":{
            "dbc6a19a11fc1584000912f2f5031106a6fe2537":{"hash":"dbc6a19a11fc1584000912f2f5031106a6fe2537",
             "name":"Heat.1995","state":"Downloading","progress":50.0,"total_size":8000,
             "total_wanted":8000,"total_remaining":4000,"download_payload_rate":7,
             "upload_payload_rate":0,"eta":571,"ratio":0.25,"label":"films","save_path":"/dl",
             "download_location":"/dl","message":"OK","tracker_status":"Error: unregistered",
             "time_added":1795223813,"completed_time":0,"is_finished":false},
            "0123456789abcdef0123456789abcdef01234567":{"hash":"0123456789abcdef0123456789abcdef01234567",
             "name":"Ran.1985","state":"Seeding","progress":100.0,"total_size":9000,
             "total_wanted":9000,"total_remaining":0,"download_payload_rate":0,
             "upload_payload_rate":3,"eta":0,"ratio":2.5,"label":"","save_path":"/dl",
             "download_location":"/dl","message":"OK","tracker_status":"Announce OK",
             "time_added":1795223700,"completed_time":1795223800,"is_finished":true}},
            "error":null,"id":1}"#,
        entries: "/result",
        answer: |request, listing| match asks(request, "web.connected") {
            true => Reply::json(r#"{"result":true,"error":null,"id":1}"#),
            false => listing,
        },
    },
    #[cfg(feature = "nzbget")]
    Sample {
        kind: ClientKind::Nzbget,
        listing: r#"{"version":"1.1","result":[
            {"NZBID":1,"NZBName":"Heat.1995","NZBFilename":"Heat.1995.nzb","URL":"","Kind":"NZB",
             "Status":"QUEUED","FileSizeLo":8000,"FileSizeHi":0,"RemainingSizeLo":4000,
             "RemainingSizeHi":0,"PausedSizeLo":0,"PausedSizeHi":0,"Category":"films",
             "DestDir":"/inter/Heat.1995.#1","FinalDir":"",
             "Parameters":[{"Name":"drone","Value":"0b9d"}]},
            {"NZBID":2,"NZBName":"Ran.1985","NZBFilename":"Ran.1985.nzb","URL":"http://h/1",
             "Kind":"NZB","Status":"PAUSED","FileSizeLo":9000,"FileSizeHi":0,
             "RemainingSizeLo":9000,"RemainingSizeHi":0,"PausedSizeLo":9000,"PausedSizeHi":0,
             "Category":"","DestDir":"/inter/Ran.1985.#2","FinalDir":"","Parameters":[]}]}"#,
        entries: "/result",
        answer: |request, listing| match asks(request, "listgroups") {
            true => listing,
            false => Reply::json(r#"{"version":"1.1","result":[]}"#),
        },
    },
    #[cfg(feature = "nzbget")]
    Sample {
        kind: ClientKind::Nzbget,
        listing: r#"{"version":"1.1","result":[
            {"NZBID":1,"NZBName":"Heat.1995","NZBFilename":"Heat.1995.nzb","URL":"","Kind":"NZB",
             "Status":"SUCCESS/ALL","HistoryTime":1795223813,"FileSizeLo":8000,"FileSizeHi":0,
             "Category":"films","DestDir":"/dl/Heat.1995","FinalDir":"","DeleteStatus":"NONE",
             "ParStatus":"SUCCESS","UnpackStatus":"SUCCESS","Parameters":[]},
            {"NZBID":2,"NZBName":"Ran.1985","NZBFilename":"Ran.1985.nzb","URL":"","Kind":"NZB",
             "Status":"FAILURE/PAR","HistoryTime":1795223900,"FileSizeLo":9000,"FileSizeHi":0,
             "Category":"","DestDir":"/dl/Ran.1985","FinalDir":"","DeleteStatus":"NONE",
             "ParStatus":"FAILURE","UnpackStatus":"NONE","Parameters":[]}]}"#,
        entries: "/result",
        answer: |request, listing| match asks(request, "history") {
            true => listing,
            false => Reply::json(r#"{"version":"1.1","result":[]}"#),
        },
    },
    #[cfg(feature = "sabnzbd")]
    Sample {
        kind: ClientKind::Sabnzbd,
        listing: r#"{"queue":{"version":"4.3.2","paused":false,"kbpersec":"7.00","noofslots":2,
            "noofslots_total":2,"slots":[
            {"index":0,"nzo_id":"SABnzbd_nzo_qv6ilb3x","filename":"Heat.1995","cat":"films",
             "mb":"8.00","mbleft":"4.00","percentage":"50","status":"Downloading",
             "timeleft":"0:09:31","time_added":1795224151,"labels":[],"priority":"Normal"},
            {"index":1,"nzo_id":"SABnzbd_nzo_dgrztsx1","filename":"Ran.1985","cat":"*",
             "mb":"9.00","mbleft":"9.00","percentage":"0","status":"Paused",
             "timeleft":"0:00:00","time_added":1795224152,"labels":[],"priority":"Low"}]}}"#,
        entries: "/queue/slots",
        answer: |request, listing| match asks(request, "mode=queue") {
            true => listing,
            false => Reply::json(r#"{"history":{"noofslots":0,"slots":[]}}"#),
        },
    },
    #[cfg(feature = "sabnzbd")]
    Sample {
        kind: ClientKind::Sabnzbd,
        listing: r#"{"history":{"noofslots":2,"last_history_update":7,"slots":[
            {"nzo_id":"SABnzbd_nzo_qv6ilb3x","name":"Heat.1995","nzb_name":"Heat.1995.nzb",
             "category":"films","status":"Completed","bytes":8000,"storage":"/dl/Heat.1995",
             "completed":1795224151,"fail_message":"","loaded":false,"stage_log":[]},
            {"nzo_id":"SABnzbd_nzo_dgrztsx1","name":"Ran.1985","nzb_name":"Ran.1985.nzb",
             "category":"*","status":"Failed","bytes":9000,"storage":"","completed":1795224160,
             "fail_message":"Aborted","loaded":false,"stage_log":[]}]}}"#,
        entries: "/history/slots",
        answer: |request, listing| match asks(request, "mode=history") {
            true => listing,
            false => Reply::json(r#"{"queue":{"noofslots":0,"slots":[]}}"#),
        },
    },
];

/// Pointers to everything within a value that holds nothing else.
pub fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                leaves(
                    value,
                    &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")),
                    found,
                );
            }
        }
        Value::Array(values) if !values.is_empty() => {
            for (index, value) in values.iter().enumerate() {
                leaves(value, &format!("{at}/{index}"), found);
            }
        }
        _ => found.push(at.to_owned()),
    }
}
