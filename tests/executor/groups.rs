//! Groups and scopes end their tasks.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use fend::runtime::Builder;
use fend::task::{TaskGroup, scope};
use futures::FutureExt;

on_every_shape!(dropping_a_group_or_scope_drops_each_task_once, join_next_cancelled_loses_nothing,);

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

const TASKS: usize = 200;

async fn wait_for_drops(drops: &AtomicUsize) {
    while drops.load(SeqCst) < TASKS {
        fend::yield_now().await;
    }
    super::let_others_run().await;
    assert_eq!(drops.load(SeqCst), TASKS);
}

/// EX20.
fn dropping_a_group_or_scope_drops_each_task_once(builder: Builder) {
    let runtime = builder.build().unwrap();
    runtime.block_on(async {
        let drops = Arc::new(AtomicUsize::new(0));
        let mut group = TaskGroup::new();
        for number in 0..TASKS {
            let counted = Counted(drops.clone());
            group.spawn(async move {
                let _counted = counted;
                if number % 3 > 0 {
                    pending::<()>().await;
                }
            });
        }
        fend::yield_now().await;
        drop(group);
        wait_for_drops(&drops).await;

        let drops = Arc::new(AtomicUsize::new(0));
        let children = drops.clone();
        let mut scope = Box::pin(scope(async move |scope: fend::task::Scope| {
            for _ in 0..TASKS {
                let counted = Counted(children.clone());
                drop(scope.spawn(async move {
                    let _counted = counted;
                    pending::<()>().await;
                }));
            }
            pending::<()>().await;
        }));
        assert!((&mut scope).now_or_never().is_none());
        drop(scope);
        wait_for_drops(&drops).await;
    });
}

/// EX20: `join_next` is dropped again and again, and every result still comes once.
fn join_next_cancelled_loses_nothing(builder: Builder) {
    let runtime = builder.build().unwrap();
    runtime.block_on(async {
        let mut group = TaskGroup::new();
        for number in 0..TASKS {
            group.spawn(async move {
                for _ in 0..number % 7 {
                    fend::yield_now().await;
                }
                if number % 5 == 0 {
                    fend::time::sleep(Duration::from_millis(number as u64 % 4)).await;
                }
                number
            });
        }
        let mut seen = vec![false; TASKS];
        let mut cancelled = 0;
        while !group.is_empty() {
            match fend::time::timeout(Duration::from_micros(50), group.join_next()).await {
                Ok(result) => {
                    let number = result.unwrap().unwrap();
                    assert!(!std::mem::replace(&mut seen[number], true), "{number} came twice");
                }
                Err(_) => cancelled += 1,
            }
            if group.join_next().now_or_never().flatten().is_some_and(|result| {
                let number = result.unwrap();
                std::mem::replace(&mut seen[number], true)
            }) {
                panic!("a result came twice");
            }
        }
        assert!(seen.into_iter().all(|seen| seen), "after {cancelled} cancelled joins");
    });
}
