//! The remote control at `/_sim/…`, for tests and benchmarks that run the server as a process of
//! its own. What a person clicks in a real server, or what befalls it, is a `POST` here.
//!
//! | call | what it does |
//! |---|---|
//! | `GET state` | revision, census of the world, number of requests, server id |
//! | `GET log` | the requests that came |
//! | `POST forget_requests` | counts requests anew |
//! | `POST rebuild_ids`, `rebuild_libraries`, `rebuild`, `swap_ids`, `forget_plays` | as [`Running`](super::running::Running) |
//! | `POST server_id?id=` | the server says that it is another one |
//! | `POST generate?seed=&films=&shows=&episodes=` | shows another world |
//! | `POST change?percent=&seed=`, `remove?percent=&seed=` | changes or removes a share of films and episodes |
//! | `POST rename?title=&to=`, `remove_title?title=` | one object, by its title |
//! | `POST faults` with a JSON list of [`Fault`](super::faults::Fault)s | these faults and no others |
//! | `POST warm` | makes every page that was ever asked for |

use hyper::Method;
use serde_json::json;

use super::Server;
use super::faults::{Armed, Faults};
use super::message::{Answer, Request};
use crate::world::{ObjectId, Size, World};

/// Answers a request to the remote control: the state after it, or 4xx and why.
pub(crate) fn answer(server: &Server, request: &Request) -> Answer {
    let command = request.path.trim_start_matches("/_sim/");
    let done = match (&request.method, command) {
        (&Method::GET, "state") => Ok(()),
        (&Method::GET, "log") => return Answer::json(&server.state().log),
        (&Method::POST, "warm") => {
            server.warm();
            Ok(())
        }
        (&Method::POST, command) => obey(server, command, request),
        _ => Err("only GET state, GET log and POST are there".to_owned()),
    };
    done.map_or_else(|fault| Answer::text(400, fault), |()| state(server))
}

fn state(server: &Server) -> Answer {
    let state = server.state();
    let world = &state.site.world;
    Answer::json(&json!({
        "census": world.census(),
        "total": world.census().total(),
        "revision": world.read().revision,
        "requests": state.log.len(),
        "server_id": state.site.server_id,
        "faults": state.faults.faults(),
    }))
}

fn obey(server: &Server, command: &str, request: &Request) -> Result<(), String> {
    let mut state = server.state();
    let world = state.site.world.clone();
    let site = &mut state.site;
    match command {
        "forget_requests" => state.log.clear(),
        "rebuild_ids" => site.change_epochs(|e| e.objects += 1),
        "rebuild_libraries" => site.change_epochs(|e| e.libraries += 1),
        "swap_ids" => site.change_epochs(|e| e.swapped = !e.swapped),
        "rebuild" => site.rebuild(),
        "forget_plays" => site.forget(),
        "server_id" => {
            site.server_id = text(request, "id")?.to_owned();
            site.change_epochs(|_| {});
        }
        "generate" => site.show(World::generate(number(request, "seed")?, size(request)?)),
        "change" => drop(world.change_some(number(request, "percent")?, number(request, "seed")?)),
        "remove" => drop(world.remove_some(number(request, "percent")?, number(request, "seed")?)),
        "rename" => world.rename(object(&world, request)?, text(request, "to")?),
        "remove_title" => world.remove(object(&world, request)?),
        "faults" => state.faults = Armed::new(faults(request)?),
        _ => return Err(format!("there is no command '{command}'")),
    }
    Ok(())
}

fn size(request: &Request) -> Result<Size, String> {
    let [films, shows, episodes] = ["films", "shows", "episodes"].map(|n| number(request, n));
    Ok(Size { films: films?, shows: shows?, episodes: episodes? })
}

fn faults(request: &Request) -> Result<Faults, String> {
    serde_json::from_slice(&request.body).map_err(|e| format!("this is no list of faults: {e}"))
}

fn object(world: &World, request: &Request) -> Result<ObjectId, String> {
    let title = text(request, "title")?;
    world.find(title).ok_or_else(|| format!("nothing has the title '{title}'"))
}

fn text<'a>(request: &'a Request, name: &str) -> Result<&'a str, String> {
    request.param(name).ok_or_else(|| format!("the parameter '{name}' is missing"))
}

fn number(request: &Request, name: &str) -> Result<u64, String> {
    text(request, name)?.parse().map_err(|_| format!("'{name}' is no number"))
}
