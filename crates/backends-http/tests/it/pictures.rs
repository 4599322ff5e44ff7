//! Pictures come from the server that names them, bounded, and the token goes nowhere else.

use shelfread_backends_http::picture;
use shelfread_domain::port::Problem;
use shelfread_testkit::wire::{Reply, Wire};

use crate::{TOKEN, http};

#[tokio::test]
async fn a_picture_is_fetched_with_the_token_of_its_server() {
    let wire = Wire::start(|_| Reply::body("image/png", *b"\x89PNG")).await;
    for address in ["/art/1?tag=a", "art/1?tag=a", wire.url().join("art/1?tag=a").unwrap().as_str()]
    {
        assert_eq!(picture(&http(&wire), address).await.unwrap(), b"\x89PNG");
    }
    for request in wire.requests() {
        assert_eq!((&*request.path, request.param("tag")), ("/art/1", Some("a")));
        assert_eq!(request.header("x-api-key"), Some(TOKEN));
        assert_eq!(request.header("accept"), Some("image/*"));
    }
}

#[tokio::test]
async fn nobody_else_is_asked() {
    let other = Wire::start(|_| Reply::body("image/png", *b"\x89PNG")).await;
    let abroad = other.url().join("1.png").unwrap();
    let target = abroad.clone();
    let wire = Wire::start(move |_| Reply::redirect(&target)).await;
    for address in [abroad.as_str(), "file:///etc/passwd", "/redirected"] {
        let error = picture(&http(&wire), address).await.unwrap_err();
        let refused = matches!(error.problem, Problem::Configuration(_) | Problem::Redirected(_));
        assert!(refused, "{address}: {error}");
    }
    assert_eq!(other.requests(), []);
}

#[tokio::test]
async fn a_picture_is_bounded() {
    let wire = Wire::start(|_| Reply::body("image/png", vec![0; (8 << 20) + 1])).await;
    let error = picture(&http(&wire), "/huge").await.unwrap_err();
    assert_eq!(error.problem, Problem::TooLarge(8));
}
