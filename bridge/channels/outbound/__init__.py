"""The way out: from a stream of deliveries to an adapter, in order within a conversation, every outcome shown.

The walk: `drain` reads the stream and gives each delivery to its `lane`; the lane asks `fit` what the network can carry (`split`
cuts long texts) and runs a `submission` for each part; `settle` writes outcomes in batches. `task_pool` runs many lanes with few
tasks; `removed_channels` fails what is meant for a channel that is configured no more.
"""
