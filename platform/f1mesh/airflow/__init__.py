"""The mesh in Airflow: DAGs from the graph, operators that have steps done, alerts.

Runs in Airflow's own environment, which has neither dbt nor the warehouse's libraries: steps are
done by the platform's Python, see `f1mesh.workers.client`.
"""
