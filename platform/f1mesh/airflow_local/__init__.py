"""Airflow on this machine: its environment, its components, its REST API."""
