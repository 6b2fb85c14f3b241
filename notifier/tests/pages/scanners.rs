//! Links that machines open (scenarios 14 to 17).

use usher_notifier_core::task::State;

use crate::kit::World;
use crate::kit::asking::policy;

/// A scanner may open a link as often as it likes: nothing changes, only its own address waits.
#[actix_web::test]
async fn s14_scanner_reads_change_nothing() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    let before = world.row(&task).await;
    let mut scanner = world.browser("198.51.100.7");
    let mut told = Vec::new();
    for turn in 0..100 {
        let method = if turn % 2 == 0 { "GET" } else { "HEAD" };
        told.push(scanner.send(method, &link, &[], b"").await.status);
    }
    assert_eq!(told, [vec![200; 60], vec![429; 40]].concat());
    assert_eq!(world.row(&task).await, before);
    let links = world.links(&task, 0).await;
    assert_eq!((links.len(), links[0].revoked), (1, false));

    let mut boss = world.browser("192.0.2.1");
    let form = boss
        .get(&link)
        .await
        .form(&link)
        .with("decision", "approve");
    world.pass(3_000);
    assert_eq!(boss.submit(&form).await.status, 303);
    assert_eq!(world.task(&task).await.1.state, State::Approved);
}
