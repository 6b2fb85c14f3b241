//! The contract of a ledger: every law of the port as a case, run on every adapter.
//!
//! A new adapter gets a ground of its own and must pass what is here. Faults on demand are the
//! memory adapter's alone; what a real file can suffer is tested beside the SQLite adapter.

#![allow(clippy::unwrap_used, reason = "a case that cannot go on has failed")]

mod contract {
    pub(crate) mod desk;
    pub(crate) mod ground;

    mod births;
    mod commands;
    mod faults;
    mod gate;
    mod halts;
    mod inbox;
    mod mails;
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
            a_turn_opens_a_task,
            a_birth_opens_closes_and_posts,
            a_stale_turn_asks_nobody,
            a_turn_closes_a_task,
            a_closed_task_is_closed_once,
            closing_a_decided_task_is_stale,
            too_much_is_not_asked,
            tasks_outlive_their_run;
        gate:
            a_move_is_written_whole,
            a_move_needs_the_version,
            one_of_two_deciders_writes,
            a_record_has_no_gap,
            erasing_leaves_the_chain,
            entries_stay_as_they_are,
            a_link_leads_to_its_task,
            keys_of_links,
            an_answered_key_is_stale,
            answers_are_kept_for_seven_days,
            a_run_that_is_gone_takes_no_outcome,
            too_much_is_not_moved;
        halts:
            a_halt_closes_what_is_open,
            a_halt_and_a_vote_exclude_each_other,
            a_key_halts_once,
            a_refused_halt_closes_nothing;
        mails:
            a_key_is_posted_once,
            one_at_a_time_holds_a_mail,
            a_final_phase_is_final,
            a_sent_mail_can_come_back,
            due_mails_come_in_the_order_of_their_times,
            a_sent_mail_is_in_the_mailbox,
            the_mailbox_keeps_the_newest,
            too_much_is_not_mailed;
        inbox:
            no_task_is_none,
            due_tasks_come_in_the_order_of_their_times,
            lists_of_tasks,
            lists_come_in_pages,
            tasks_and_mails_are_counted;
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
            other_bytes_stay_as_they_are,
            nul_in_tasks_is_replaced_on_entry,
            nul_in_mail_is_replaced_on_entry;
        readers:
            readers_see_whole_turns,
            an_open_reader_sees_each_commit;
    }
}
