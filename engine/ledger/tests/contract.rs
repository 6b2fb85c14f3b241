//! The contract of a ledger: every law of the port as a case, run on every adapter.
//!
//! A new adapter gets a ground of its own and must pass what is here. Faults on demand are the
//! memory adapter's alone; what a real file can suffer is tested beside the SQLite adapter.

#![allow(clippy::unwrap_used, reason = "a case that cannot go on has failed")]

mod contract {
    pub(crate) mod ground;

    mod births;
    mod commands;
    mod faults;
    mod readers;
    mod reading;
    mod removal;
    mod tasks;
    mod text;
    mod turns;

    /// Makes of each case one test on each adapter.
    macro_rules! on_every_adapter {
        ($($module:ident: $($case:ident),+;)+) => {
            mod memory {
                $($(#[test]
                fn $case() {
                    super::$module::$case(&mut super::ground::Ground::memory());
                })+)+
            }
            mod sqlite {
                $($(#[test]
                fn $case() {
                    super::$module::$case(&mut super::ground::Ground::sqlite());
                })+)+
            }
        };
    }

    on_every_adapter! {
        births:
            a_birth_is_read_back_whole,
            a_birth_needs_the_epoch,
            no_run_is_born_twice,
            a_key_bears_one_run,
            a_birth_in_a_foreign_partition_is_refused,
            equal_plans_are_stored_once;
        turns:
            a_turn_writes_what_changed_and_nothing_else,
            an_old_or_future_version_writes_nothing,
            a_lost_epoch_writes_nothing,
            another_partition_does_not_help,
            a_group_is_applied_in_its_order,
            a_stale_turn_leaves_its_group_alone,
            a_body_too_large_is_refused_alone,
            a_stale_turn_is_not_refused,
            parking_makes_decided_turns_stale,
            an_empty_group_is_nothing;
        commands:
            commands_wait_in_the_order_of_their_ids,
            a_command_is_taken_once,
            there_is_no_high_water_mark,
            only_open_commands_of_the_run_can_be_taken,
            a_command_twice_in_a_turn_is_refused,
            a_key_gives_one_command,
            a_command_for_no_run_is_refused,
            answers_leave_the_run_as_it_is,
            answers_need_the_epoch_and_open_commands,
            runs_that_ended_or_are_parked_still_get_commands;
        removal:
            a_turn_can_remove_its_run,
            a_run_without_turns_can_be_removed,
            removal_obeys_the_guards,
            numbers_of_removed_commands_do_not_come_back;
        tasks:
            a_turn_opens_a_task;
        reading:
            what_is_not_there_is_none,
            awake_runs_are_those_that_need_an_actor,
            due_runs_come_in_the_order_of_their_times,
            the_newest_of_a_name_is_found,
            lists_show_the_newest_first,
            rows_are_counted,
            a_partition_is_taken_over_by_one;
        text:
            nul_in_text_is_replaced_on_entry,
            nul_in_bodies_is_replaced_on_entry,
            other_bytes_stay_as_they_are;
        readers:
            readers_see_whole_turns,
            an_open_reader_sees_each_commit;
    }
}
