"""Anomalies of transactions, after Adya's definitions, under the names that Elle gives them.

The papers: Adya, *Weak Consistency* (1999); Kingsbury and Alvaro, *Elle: Inferring Isolation
Anomalies from Experimental Observations* (2020).

| module | job |
|---|---|
| `models` | which anomalies imply others, and which ones each consistency model forbids |
| `graph` | dependency graphs, and their strongly connected components |
| `order` | dependencies from time: processes and real time |
| `cycles` | the kinds of cycles, and the search for one of each kind |
| `explain` | found cycles as data, with the reason of each edge in words |
| `txn` | transactions of a history, and anomalies that need no cycle |
| `report` | from found anomalies to a verdict under consistency models |
"""
