"""The mesh in Airflow: a DAG for each domain, made from domains/*/ by the factory."""

from f1mesh.airflow.factory import mesh_dags

globals().update(mesh_dags())
