//! Actors in a world without processes.
